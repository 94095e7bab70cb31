import { Refusal } from '../contract/errors';
import { endpointOfLab, pairOfLab } from '../laboratory/failoverFleet';
import type { DemoGround } from './demoGround';
import { whoTypes } from './session';

/** A proxy that was killed is well when it has answered for so long: long enough to be seen, s. */
const wellSeconds = 3;

/** Starts what guards the pair and the endpoint, and waits until clients reach both: the guards bring them up. */
export async function startGuards(ground: DemoGround): Promise<void> {
  const { operator, site, say } = ground;
  say('Starting guard-proxies and guard-endpoint, and waiting until proxies run and forwarders forward …');
  await operator.start('guard-proxies', { pair: pairOfLab, wellSeconds }, whoTypes());
  await operator.start('guard-endpoint', { endpoint: endpointOfLab }, whoTypes());
  const up = await ground.until(async () => {
    const routes = ['fa', 'fb'].map(async (host) => {
      const { state } = await site.agent(host).traffic.routes({ endpoint: endpointOfLab });
      return state === 'open';
    });
    const nodes = ['n1', 'n2'].map(async (node) => {
      const { holders } = await site.agent(node).traffic.holders({ pair: pairOfLab });
      return holders.some((one) => one.node === node && one.held);
    });
    return (await Promise.all([...routes, ...nodes])).every(Boolean);
  });
  if (!up && !ground.interrupted())
    throw new Refusal('NoPart', {
      host: 'the laboratory',
      part: 'open route or proxy',
      name: `${endpointOfLab} and ${pairOfLab}`,
    });
}
