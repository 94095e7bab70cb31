import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sent } from '../../src/contract/capabilities/copy';
import { Limits } from '../../src/contract/fleet';
import type { JobContext } from '../../src/contract/operations';
import type { CapabilityOf, Host } from '../../src/drivers/host';
import { disk } from '../../src/drivers/files/disk';
import { Epochs } from '../../src/agent/epochs';
import { stream } from '../../src/drivers/copy/stream';
import { Mover, moverOf } from '../../src/drivers/moverProcess';

type Copy = CapabilityOf<'copy'>;
type Files = CapabilityOf<'files'>;
export type SendInput = Parameters<Copy['send']>[0];

/** One side of a copy: its store, and what its host can do. */
export interface Side {
  name: string;
  root: string;
  copy: Copy;
  files: Files;
  /** kill -9, as a crash would. */
  killMover(): void;
}
export interface TwoHosts {
  folder: string;
  from: Side;
  to: Side;
  stop(): Promise<void>;
}

type Certificate = { ca: string; cert: string; key: string };
/** Hosts without an agent; what an agent would remember of leases is here. */
export interface BareHosts extends TwoHosts {
  to: Side & { epochs: Epochs };
}
interface Ways {
  /** The target's mover runs as this user, not root. */
  uid?: number;
  /** What the target takes for its token. */
  token?: string;
  tls?: { from: Certificate; to: Certificate };
}

/** Two hosts that know each other by a token on loopback, or by certificates; each with drivers and a mover of its own. */
export async function bareHosts({ uid, token = 'sesame', tls }: Ways = {}): Promise<BareHosts> {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-copy-'));
  const hosts: Record<string, { copy: Copy }> = {};
  const start = async (name: string, ownToken: string, runAs?: number) => {
    const root = join(folder, `${name}-store`);
    mkdirSync(root);
    const epochs = await Epochs.open({ host: name, stateDir: join(folder, `${name}-epochs`) });
    const host: Host = {
      name,
      roots: [root, join(folder, 'new-store')],
      stateDir: join(folder, `${name}-state`),
      peer: (peer) => (hosts[peer] as { copy: Copy }).copy as never,
      hold: (lease, newerCame, work) => epochs.hold(lease, newerCame, work),
      bulkAddress: () => '127.0.0.1',
      bulk: { address: '127.0.0.1', port: 0 },
      trust: tls === undefined ? { token: ownToken } : { tls: name === 'old' ? tls.from : tls.to },
      endpoints: {},
      proxies: {},
      freezes: [
        {
          root,
          by: { how: 'exec', freeze: ['touch', join(root, 'frozen $(id)')], thaw: ['rm', join(root, 'frozen $(id)')] },
        },
      ],
      objects: {},
      rails: Limits.parse({}),
      log: () => undefined,
    };
    if (runAs !== undefined) {
      Mover.runAs(host, { uid: runAs, gid: runAs });
      mkdirSync(host.stateDir);
      chmodSync(folder, 0o755);
      for (const own of [root, host.stateDir]) chownSync(own, runAs, runAs);
    }
    const copying = stream(host);
    const filing = disk(host);
    const mover = moverOf(host);
    hosts[name] = { copy: copying.driver };
    const killMover = () => mover.pid !== undefined && process.kill(mover.pid, 'SIGKILL');
    const side = {
      name,
      root,
      copy: copying.driver,
      files: filing.driver,
      epochs,
      killMover: () => void killMover(),
    };
    const stop = async () => void (await Promise.all([copying.stop(), filing.stop(), mover.release()]));
    return { side, stop };
  };
  const from = await start('old', 'sesame');
  const to = await start('new', token, uid);
  return {
    folder,
    from: from.side,
    to: to.side,
    stop: async () => {
      await Promise.all([from.stop(), to.stop()]);
      execFileSync('rm', ['-rf', folder]); // node:fs cannot remove paths longer than PATH_MAX
    },
  };
}

let jobs = 0;
export const context = (signal: AbortSignal = new AbortController().signal): JobContext => ({
  id: `job-${++jobs}`,
  signal,
  report: () => undefined,
});

export const storeOf = (side: Side) => ({ fsvm: side.name, host: side.name, root: side.root });

export const send = (
  { from, to }: TwoHosts,
  items: string[],
  more: Partial<SendInput> = {},
  signal?: AbortSignal,
): Promise<Sent> =>
  from.copy.send(
    {
      from: storeOf(from),
      to: storeOf(to),
      items,
      lanes: 1,
      filters: { include: [], exclude: [] },
      paranoid: false,
      fsync: false,
      lease: { target: 'test', epoch: 1 },
      ...more,
    },
    context(signal),
  );

export async function digestOf(side: Side, items: string[], owners = true, content = true): Promise<string[]> {
  const filters = { include: [], exclude: [] };
  const { items: found } = await side.copy.digest(
    { store: storeOf(side), items, filters, content, owners, except: [] },
    context(),
  );
  return found.map(({ digest }) => digest);
}
