import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Operator } from '../api/operator';
import { startStack } from '../stack/embedded';
import { loopbackFleet } from '../stack/loopbackFleet';
import { exitCodes } from './exitCodes';
import { follow } from './follow';
import { printLine } from './print';
import { whoTypes } from './session';

/** An ingestion that fails at the cutover and is undone, then one that is carried out. Answers with the exit status. */
export async function rehearseIngest(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-rehearsal-'));
  const to = join(folder, 'new');
  const hosts = ['old-1', 'old-2'].map((name) => join(folder, name));
  const servers = ['legacy', 'stubborn'] as const;
  const old = servers.flatMap((name) => hosts.map((root) => join(root, name)));
  old.forEach((root, index) => furnish(root, index + 1));
  const fleet = await loopbackFleet(
    'rehearsal',
    hosts.map((root) => ({ root })),
    to,
  );
  const { fsvms } = fleet.fileServers['legacy']!;
  for (const name of servers) {
    const below = Object.entries(fsvms).map(
      ([fsvm, entry]) => [fsvm, { ...entry, root: join(entry.root, name) }] as const,
    );
    fleet.fileServers[name] = { fsvms: Object.fromEntries(below) };
  }
  fleet.fileServers['stubborn']!.freeze = { how: 'exec', freeze: ['false'], thaw: ['true'] };
  writeFileSync(join(folder, 'fleet.yaml'), stringify(fleet));
  printLine('Starting a laboratory fleet: Temporal, a worker and four agents on loopback.');
  const stack = await startStack({ fleet: join(folder, 'fleet.yaml'), stateDir: join(folder, 'state'), say: () => {} });
  try {
    process.env['TEMPORAL_ADDRESS'] = stack.state.temporal;
    const { connectOperator } = await import('../api/operator.js');
    const operator = await connectOperator({ waitMs: 10_000 });
    try {
      return await perform(operator, old, to);
    } finally {
      await operator.close();
    }
  } finally {
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function perform(operator: Operator, old: readonly string[], to: string): Promise<number> {
  const before = old.map(fingerprint);
  const act = async (title: string, input: Record<string, unknown>) => {
    printLine(`\n${title}`);
    const { id } = await operator.start('ingest-vfs', { to: 'files2', ...input }, whoTypes());
    return follow(operator, id, { wait: true });
  };
  const asItWas = () => old.every((root, index) => fingerprint(root) === before[index]);
  const planned = await act('1. The plan alone', { from: 'legacy', dryRun: true });
  const undone = await act('2. The old file server refuses to become read-only: everything is undone', {
    from: 'stubborn',
    onFailure: 'undo',
  });
  const empty = readdirSync(to).every((fsvm) => readdirSync(join(to, fsvm)).length === 0);
  const clean = undone === exitCodes.undone.code && empty && asItWas();
  printLine(clean ? '\n✔ The undo left both sides as they were.' : '\n✘ The undo left something behind.');
  const done = await act('3. The whole', { from: 'legacy' });
  const good = planned === 0 && clean && done === 0 && asItWas();
  printLine(good ? '\n✔ The rehearsal went as it should.' : '\n✘ The rehearsal did not go as it should.');
  return good ? 0 : exitCodes.failed.code;
}

/** A small store with a few items. */
function furnish(root: string, number: number): void {
  for (const item of [`accounts-${number}`, `photos-${number}`, `homes-${number}`])
    for (let n = 0; n < 40; n++) {
      const folder = join(root, item, `${n % 4}`);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${n}.txt`), `${item} ${n}\n`.repeat(100 * n));
    }
}

/** Names, sizes, modes, times and content of a tree, in one word. */
function fingerprint(root: string): string {
  const hash = createHash('sha256');
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })
    .map((e) => join(e.parentPath, e.name))
    .toSorted()) {
    const { mode, size, mtimeMs } = lstatSync(entry);
    hash.update(`${entry} ${mode} ${size} ${mtimeMs}\n`);
    if (!lstatSync(entry).isDirectory()) hash.update(readFileSync(entry));
  }
  return hash.digest('hex');
}
