import { readFileSync } from 'node:fs';
import { connect, isIP } from 'node:net';
import type { ProxyNode } from '../../contract/endpoints';
import type { Host } from '../host';
import { inDatabase } from '../load/database';

/** An address on the network, and a port at which it may say yes or no: either proves that it was reached. */
interface Witness {
  address: string;
  port: number;
}

/** What the own link says when the other host says nothing: whether it is up, and who else on it answers. */
export async function lookAtLink(
  host: Host,
  pair: string,
  nodes: readonly ProxyNode[],
  own: ProxyNode,
  deadlineMs: number,
): Promise<{ carrier: boolean; witness: string | undefined }> {
  const carrier = hasCarrier(own.device);
  if (!carrier) return { carrier, witness: undefined };
  const pairs = nodes.flatMap((node) => [node.own, node.address]);
  const backends = await backendsOf(host, pair, own, deadlineMs);
  const others = [...gatewaysOf(own.device), ...backends].filter(({ address }) => !pairs.includes(address));
  return { carrier, witness: await firstToAnswer(others, deadlineMs) };
}

/** The databases behind the own proxy that lie elsewhere: what it serves, and what its clients come for. */
async function backendsOf(host: Host, pair: string, own: ProxyNode, deadlineMs: number): Promise<Witness[]> {
  const url = new URL(own.console);
  url.host = isIP(own.own) === 6 ? `[${own.own}]` : own.own;
  url.port ||= String(own.port);
  const what = `the console of ${host.name}`;
  try {
    const rows = await inDatabase(
      { url: url.href, password: own.password },
      what,
      { object: pair, host },
      AbortSignal.timeout(deadlineMs),
      async (client) => (await client.query<{ host: string | null; port: number }>('SHOW DATABASES')).rows,
    );
    return rows.flatMap(({ host: address, port }) =>
      !address || address.startsWith('/') || /^(127\.|::1$|localhost$)/.test(address) ? [] : [{ address, port }],
    );
  } catch (error) {
    host.log('the proxy did not say where its databases are', { pair, why: (error as Error).message });
    return [];
  }
}

/** Whether the device has a link. One that the kernel does not know has none. */
function hasCarrier(device: string): boolean {
  try {
    return readFileSync(`/sys/class/net/${device}/carrier`, 'utf8').trim() === '1';
  } catch (error) {
    // EINVAL: the device is down.
    if (['ENOENT', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** The gateways behind the device, as the kernel's routes say. A gateway has no port of ours: it refuses, and is there. */
function gatewaysOf(device: string): Witness[] {
  const routes = readFileSync('/proc/net/route', 'utf8').trim().split('\n').slice(1);
  return routes.flatMap((route) => {
    const [name, , gateway = ''] = route.split('\t');
    if (name !== device || !/[1-9A-F]/.test(gateway)) return [];
    return [{ address: [...Buffer.from(gateway, 'hex')].toReversed().join('.'), port: 1 }];
  });
}

/** The first of the witnesses that answers in time, with a connection or a refusal. */
async function firstToAnswer(witnesses: readonly Witness[], deadlineMs: number): Promise<string | undefined> {
  const asked = witnesses.map(async ({ address, port }) => {
    if (!(await answers(address, port, deadlineMs))) throw new Error(`${address} is silent`);
    return address;
  });
  return Promise.any(asked).catch(() => undefined); // nobody answered: that is the answer
}

function answers(address: string, port: number, deadlineMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const say = (answer: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => say(false), deadlineMs);
    socket.once('connect', () => say(true));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => say(code === 'ECONNREFUSED' || code === 'ECONNRESET'));
  });
}
