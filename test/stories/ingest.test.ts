import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Laboratory, plain, rsyncSees, sentences } from '../setup/laboratory';
import { needs } from '../setup/needs';

let lab: Laboratory;
beforeAll(async () => {
  lab = await Laboratory.open();
  fill(lab.store('old-1'), ['accounts', 'photos']);
  fill(lab.store('old-2'), ['homes']);
  writeFileSync(join(lab.store('old-2'), 'motd'), 'a storage item may be a file\n');
}, 60_000);
afterAll(() => lab?.close());

function fill(store: string, items: string[]): void {
  for (const item of items) {
    const at = join(store, item);
    mkdirSync(join(at, 'empty'), { recursive: true });
    mkdirSync(join(at, 'deep', 'er'), { recursive: true });
    for (let n = 0; n < 50; n++) writeFileSync(join(at, 'deep', `${n}.txt`), `${item} ${n} `.repeat(n * 20));
    linkSync(join(at, 'deep', '7.txt'), join(at, 'deep', 'er', 'seven'));
    symlinkSync('../deep/1.txt', join(at, 'empty-link'));
    chmodSync(join(at, 'deep', '3.txt'), 0o640);
    utimesSync(join(at, 'deep'), 1_600_000_000, 1_500_000_000.123456);
  }
}

const run = needs('rsync');

run(
  'a dry run says who would go where and touches nothing',
  async () => {
    const planned = await lab.ingest({ dryRun: true });
    expect(planned.phase).toBe('planned');
    expect(planned.plan?.sentences.map(plain)).toMatchInlineSnapshot();
    expect(readdirSync(lab.store('new-1'))).toEqual([]);
    const { table } = await lab.agent('new-1').files.readTable({ fileServer: lab.to });
    expect(table).toBeNull();
  },
  60_000,
);

run(
  'storage items go to the FSVM of their ordinal, arrive unchanged, and are served under an epoch',
  async () => {
    const done = await lab.ingest();
    expect(sentences(done)).toMatchInlineSnapshot();
    expect(done.phase).toBe('done');
    expect(done.report?.result).toMatchObject({ items: 4, verifiedItems: 4, failedFiles: 0, epoch: 1 });
    for (const [ordinal, items] of [
      [1, ['accounts', 'photos']],
      [2, ['homes', 'motd']],
    ] as const)
      for (const item of items) {
        const { fsvm, state } = await lab.agent('new-2').files.lookup({ fileServer: lab.to, item });
        expect(state).toBe('serving');
        const copy = lab.store(fsvm!.replace('-fsvm', ''));
        const slash = item === 'motd' ? '' : '/';
        expect(rsyncSees(join(lab.store(`old-${ordinal}`), item) + slash, join(copy, item) + slash)).toBe('');
      }
  },
  60_000,
);

run(
  'what the new file server holds already is not overwritten',
  async () => {
    const refused = await lab.ingest();
    expect(refused.failure?.code).toBe('ItemsThere');
    expect(plain(refused.failure!.message)).toMatchInlineSnapshot();
  },
  60_000,
);

test('the history carries no file names and no contents', async () => {
  const [first] = await lab.operator.list({});
  const history = JSON.stringify(await lab.operator.client.workflow.getHandle(first!.id).fetchHistory());
  expect(history).not.toContain('7.txt');
  expect(readFileSync(join(lab.folder, 'state', 'logs', 'worker.log'), 'utf8')).not.toMatch(/EVENKEEL_TOKEN/);
});

test('the demo of a typo: nothing starts, the nearest word is named', () => {
  const typo = () =>
    execFileSync(process.execPath, ['bin/evenkeel.js', 'run', 'ingest-vsf'], { encoding: 'utf8', stdio: 'pipe' });
  expect(typo).toThrow(/did you mean "ingest-vfs"\?/);
});
