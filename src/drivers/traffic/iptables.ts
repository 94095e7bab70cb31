import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Dialogue } from './dialogue';
import { forward } from './forward';
import { runProgram, type Ground } from './ground';
import { replacing, routeIn } from './iptablesRules';
import type { RouteTable } from './routeTable';

/**
 * Routes in iptables, for hosts that have no nftables. What it cannot promise: the kernel compares nothing here. The epoch
 * is a comment in a chain of ours, and between reading and replacing it only a lock keeps others out, namely those who take
 * that lock: agents of this state directory. Tables are replaced one after the other, each at once. And every rule is
 * looked at for every packet, one after the other.
 */
export function iptables(ground: Ground): RouteTable {
  mkdirSync(ground.host.stateDir, { recursive: true, mode: 0o700 });
  const lockFile = join(ground.host.stateDir, 'iptables.lock');
  let turn: Promise<unknown> = Promise.resolve();
  let ready: Promise<void> | undefined;

  const saved = () => runProgram(ground, 'reading its routes', ['iptables-legacy-save']);
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(() => locked(ground, lockFile, work));
    turn = mine.catch(() => undefined); // whoever asked gets the error; the next one has its turn all the same
    return mine;
  };
  return {
    read: async (port) => routeIn(await saved(), port),
    swap: (port, was, next) =>
      inTurn(async () => {
        const before = await saved();
        const { epoch, to } = routeIn(before, port);
        if (epoch !== was.epoch || to?.address !== was.to?.address || to?.port !== was.to?.port)
          return `it is under epoch ${epoch} now`;
        try {
          await (ready ??= forward(ground));
        } catch (error) {
          ready = undefined;
          throw error;
        }
        const restore = ['iptables-legacy-restore', '--noflush', '--wait', '5'];
        await runProgram(ground, 'its rules of iptables', restore, replacing(port, next, before));
        return undefined;
      }),
    stop: async () => void (await turn),
  };
}

/** Whoever holds the lock ends with this process, however that ends; so the lock is given up in any case. */
async function locked<T>(ground: Ground, file: string, work: () => Promise<T>): Promise<T> {
  const words = ['flock', '--exclusive', '--wait', '4', file, 'sh', '-c', 'echo locked; exec cat'];
  const holder = new Dialogue(ground, 'flock', words);
  try {
    await holder.ask('', (heard) => (heard.includes('locked\n') ? heard : undefined));
    return await work();
  } finally {
    await holder.stop();
  }
}
