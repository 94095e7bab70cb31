import { randomInt } from 'node:crypto';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../setup/eventually';
import { Laboratory, type Pair } from '../setup/laboratory';
import { needs } from '../setup/needs';

/** 8. What if the controller dies? Whoever is killed, and whenever: the same verified end. */
const MiB = 1024 * 1024;
const size = { files: 40, bytes: 150_000 };
const total = 2 * 2 * size.files * size.bytes;
/** Batches that may be on their way over all connections when somebody dies, at this pace. */
const unacknowledged = 12 * MiB;

const victims = ['worker', 'agent-old-1', 'agent-new-2', 'temporal'] as const;
/** Shares of the bytes that have arrived when the blow falls; the second changes from day to day. */
const moments = [0.1, randomInt(30, 90) / 100];
const rounds = Number(process.env['EVENKEEL_SOAK_ROUNDS'] ?? 1);
const cases = Array.from({ length: rounds }, () =>
  victims.flatMap((victim) => moments.map((at) => ({ victim, at }))),
).flat();

let lab: Laboratory;
beforeAll(async () => {
  lab = await Laboratory.open({ pairs: cases.length + 2, ownTemporal: true });
}, 60_000);
afterAll(() => lab?.close());

const whereRsyncIs = needs('rsync');

whereRsyncIs.each(cases)(
  '$victim is killed when $at of the bytes have arrived',
  async ({ victim, at }) => {
    const pair = lab.pair().fill(['accounts', 'photos'], size).mend();
    const id = await pair.start({ bandwidth: 4 * MiB, smallDeltaBytes: 0 });
    await eventually(() => arrived(pair) >= at * total, { timeoutMs: 60_000, everyMs: 5 });
    await lab.stack.kill(victim, 'SIGKILL');
    const before = filesOf(pair);
    await lab.stack.restart(victim);
    await lab.operator.tune(id, 'ann', { bandwidth: 0 });
    const done = await pair.until(id, 'ended', 90_000);
    expect([done.phase, done.failure]).toEqual(['done', undefined]);
    expect(done.report!.result).toMatchObject({ items: 4, verifiedItems: 4, failedFiles: 0 });
    expect(pair.differences()).toBe('');
    expect(rewritten(before, filesOf(pair))).toBeLessThan(unacknowledged);
  },
  150_000,
);

whereRsyncIs(
  'everything at once is killed, as by a power cut, and started again',
  async () => {
    const pair = lab.pair().fill(['accounts', 'photos'], size).mend();
    const id = await pair.start({ bandwidth: 4 * MiB });
    await eventually(() => arrived(pair) >= total / 3, { timeoutMs: 60_000, everyMs: 5 });
    const everybody = Object.keys(lab.stack.state.parts).filter((part) => part !== 'api');
    await Promise.all(everybody.map((part) => lab.stack.kill(part, 'SIGKILL')));
    await lab.stack.restart('temporal');
    for (const part of everybody) await lab.stack.restart(part);
    const done = await pair.until(id, 'ended', 90_000);
    expect(done.phase).toBe('done');
    expect(pair.differences()).toBe('');
  },
  150_000,
);

whereRsyncIs(
  '10. with the control plane down the agents finish what they were told, and nobody does more',
  async () => {
    const pair = lab.pair().fill(['accounts', 'photos'], size).mend();
    const id = await pair.start({ bandwidth: 8 * MiB });
    await eventually(() => arrived(pair) >= total / 4, { timeoutMs: 60_000, everyMs: 5 });
    await Promise.all(['temporal', 'worker'].map((part) => lab.stack.kill(part, 'SIGKILL')));
    const running = await lab.agent('old-1').host.jobs({ limit: 20 });
    const ours = running.jobs.filter((job) => job.state === 'running').map((job) => job.id);
    expect(ours.length).toBeGreaterThan(0);
    await eventually(
      async () => {
        const { jobs } = await lab.agent('old-1').host.jobs({ limit: 20 });
        return ours.every((job) => jobs.find((each) => each.id === job)?.state === 'done');
      },
      { timeoutMs: 60_000 },
    );
    const { table } = await lab.agent('new-1').files.readTable({ fileServer: pair.to });
    expect(table).toBeNull();
    await lab.stack.restart('temporal');
    await lab.stack.restart('worker');
    expect((await pair.until(id, 'ended', 90_000)).phase).toBe('done');
  },
  150_000,
);

type Files = Map<string, { ino: number; ctimeMs: number; size: number }>;

function filesOf(pair: Pair): Files {
  const found: Files = new Map();
  for (const host of ['new-1', 'new-2'])
    for (const entry of readdirSync(pair.store(host), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const {
        ino,
        ctimeMs,
        size: bytes,
      } = lstatSync(path, { throwIfNoEntry: false }) ?? { ino: 0, ctimeMs: 0, size: 0 };
      found.set(path, { ino, ctimeMs, size: bytes });
    }
  return found;
}

const arrived = (pair: Pair): number => [...filesOf(pair).values()].reduce((sum, file) => sum + file.size, 0);

/** Bytes of files that were there, whole, at the blow, and were written again after it. */
function rewritten(before: Files, after: Files): number {
  let bytes = 0;
  for (const [path, then] of before) {
    const now = after.get(path);
    if (now && (now.ino !== then.ino || now.ctimeMs !== then.ctimeMs) && then.size === now.size) bytes += now.size;
  }
  return bytes;
}
