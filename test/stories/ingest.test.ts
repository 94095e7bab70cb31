import { chmodSync, linkSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Laboratory, plain, sentences, type Pair } from '../setup/laboratory';
import { needs } from '../setup/needs';

let lab: Laboratory;
let pair: Pair;
beforeAll(async () => {
  lab = await Laboratory.open();
  pair = lab.pair().mend();
  fill(pair.store('old-1'), ['accounts', 'photos']);
  fill(pair.store('old-2'), ['homes']);
  writeFileSync(join(pair.store('old-2'), 'motd'), 'a storage item may be a file\n');
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

const whereRsyncIs = needs('rsync');

test('a dry run says who would go where and touches nothing', async () => {
  const planned = await pair.ingest({ dryRun: true });
  expect(planned.phase).toBe('planned');
  expect(planned.plan?.sentences.map(plain)).toMatchInlineSnapshot(`
   [
     "4 storage items, 154 files, N bytes from legacy to files; 3 keep their ordinal",
     "  old-1-fsvm → new-1-fsvm  1 item, 51 files, N bytes: accounts",
     "  old-2-fsvm → new-2-fsvm  2 items, 52 files, N bytes: homes, motd",
     "  old-1-fsvm → new-2-fsvm  1 item, 51 files, N bytes: photos",
   ]
  `);
  expect(pair.stored()).toEqual([]);
  const { table } = await lab.agent('new-1').files.readTable({ fileServer: pair.to });
  expect(table).toBeNull();
}, 60_000);

whereRsyncIs(
  'storage items go to the FSVM of their ordinal, arrive unchanged, and are served under an epoch',
  async () => {
    const done = await pair.ingest();
    expect(sentences(done)).toMatchInlineSnapshot(`
     [
       "done: Look at the fleet, at legacy and at files",
       "done: Take legacy and files, so that no other run touches them",
       "done: Count the storage items of legacy",
       "done: Send N bytes to the new FSVMs",
       "done: Send what changed meanwhile (pass 2)",
       "done: Read back what was stored",
       "done: Make legacy read-only",
       "done: Send what changed until the source became read-only",
       "done: Look for storage items that came to legacy meanwhile",
       "done: Verify every storage item on files",
       "done: Prove that legacy is quiet",
       "done: Open files under epoch 1",
     ]
    `);
    expect(done.report?.result).toMatchObject({ items: 4, verifiedItems: 4, failedFiles: 0, epoch: 1 });
    expect(pair.differences()).toBe('');
    const { fsvm, state } = await lab.agent('new-2').files.lookup({ fileServer: pair.to, item: 'motd' });
    expect([fsvm, state]).toEqual(['new-2-fsvm', 'serving']);
  },
  60_000,
);

test('what the new file server holds already is not overwritten', async () => {
  const refused = await pair.ingest();
  expect(refused.failure?.code).toBe('ItemsServed');
  expect(plain(refused.failure!.message)).toMatchInlineSnapshot(
    `"files serves 4 of these storage items already: accounts, photos, homes, motd. Next: leave them out with --exclude-items: what is in service is not overwritten."`,
  );
}, 60_000);

test('a file server that the fleet does not have ends the run at once, with the nearest right name', async () => {
  const { id } = await lab.operator.start(
    'ingest-vfs',
    { from: pair.from.replace('legacy', 'lagacy'), to: pair.to },
    'ann',
  );
  const refused = await pair.until(id, 'ended');
  expect(refused.failure).toMatchObject({ code: 'UnknownFileServer', message: expect.stringContaining(pair.from) });
}, 60_000);

test('neither names of files nor tokens reach the history or the logs', async () => {
  const { id } = await lab.operator.show(`ingest-vfs/${pair.to}`);
  const history = JSON.stringify(await lab.operator.client.workflow.getHandle(id).fetchHistory());
  expect(Buffer.from(history).includes('7.txt')).toBe(false);
  const tokens = JSON.parse(readFileSync(join(lab.folder, 'state', 'tokens.json'), 'utf8')) as { token: string }[];
  for (const log of ['worker', 'api', 'agent-old-1', 'agent-new-1']) {
    const said = readFileSync(join(lab.folder, 'state', 'logs', `${log}.log`), 'utf8');
    for (const { token } of tokens) expect(said.includes(token)).toBe(false);
  }
}, 60_000);
