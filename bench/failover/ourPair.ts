import { connectOperator, type Operator } from '../../src/api/operator';
import type { Endings } from '../../src/laboratory/endings';
import { pairOfLab as pair } from '../../src/laboratory/failoverFleet';
import { until } from '../../src/laboratory/until';
import { atHome, breakProxy, openPair, type Pair } from './pair';
import { runToEnd } from './runs';
import { Standing, type Side } from './side';

/** Nothing that agents do takes longer; then it has failed. */
const windowMs = 15_000;

interface OurPair extends Pair {
  operator: Operator;
}

/** Agents that move addresses by themselves, with a control plane that brings the proxy back afterwards. */
export function ourPair(endings: Endings, hungMs: number): Side {
  const standing = new Standing(endings, openOurs);
  return {
    name: 'ours',
    run: (fault) =>
      standing.use(async (ours, part) => {
        const trial = await breakProxy(part, ours, fault, { windowMs, hungMs });
        await bringBack(ours);
        return trial;
      }),
    close: () => standing.close(),
  };
}

/** One failover follows the other here: no cool-down. */
export async function openOurs(endings: Endings): Promise<OurPair> {
  const opened = await openPair(endings, { proxiesEntry: { coolDown: '0s' } });
  const { site } = opened;
  for (const node of ['n1', 'n2']) {
    const { traffic } = site.agent(node);
    await traffic.startProxy({ pair, deadlineMs: 5_000 });
    await traffic.take({ pair, node, from: 0, lease: { target: `${pair}/${node}`, epoch: 1 } });
  }
  const operator = await connectOperator({ waitMs: 10_000 });
  endings.add(() => operator.close());
  const ours = { ...opened, operator };
  await settled(ours);
  return ours;
}

/** As a user would: by the runbook that starts the proxy again, waits until it is well, and gives it its address back. */
async function bringBack(ours: OurPair): Promise<void> {
  await ours.site.faults.mend('n1');
  await runToEnd(ours.operator, 'fail-over-proxy', { pair, node: 'n1', wellSeconds: 0.5 }, pair);
  await settled(ours);
}

/** Each has its own address, and each sees the other answer. */
const settled = (ours: OurPair) =>
  until('both proxies are well and at home', async () => {
    const views = await Promise.all(
      ['n1', 'n2'].map((host) => ours.site.agent(host).watch.look({ target: pair, after: -1, waitMs: 0 })),
    );
    return atHome(ours) && views.every(({ sights }) => Object.values(sights).every(({ says }) => says === 'answers'));
  });
