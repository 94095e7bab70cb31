import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Notice } from '../../src/contract/notices';
import { eventually } from '../setup/eventually';
import { Laboratory, plain } from '../setup/laboratory';

/** Does it call me? What the hooks of the fleet file are told, and that a slow one keeps nobody. */
let lab: Laboratory;
let server: Server;
const heard: Notice[] = [];
let slowMs = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      heard.push(JSON.parse(body) as Notice);
      void pause(slowMs).then(() => response.end());
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  lab = await Laboratory.open({ pairs: 3 });
  const { port } = server.address() as AddressInfo;
  const file = join(lab.folder, 'told');
  const exec = join(lab.folder, 'told.sh');
  writeFileSync(exec, `#!/bin/sh\ncat >> ${file}\necho >> ${file}\n`, { mode: 0o755 });
  await lab.change((fleet) => {
    fleet.notify = { webhook: `http://127.0.0.1:${port}/hook`, exec: [exec] };
  });
}, 60_000);
afterAll(async () => {
  await lab?.close();
  server.close();
});

const told = (event: Notice['event'], of: string) =>
  eventually(() => heard.find((notice) => notice.event === event && notice.run === of));

const byText = (one: Notice, other: Notice) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1);

test('whoever is needed is told: for a yes, an answer, a run that has to wait; and of what went through', async () => {
  const said = { by: 'ann', why: 'for the record' };
  const pair = lab.pair().fill(['accounts'], { files: 3 });
  const id = await pair.start({ approval: 'ask' });
  expect(await told('approval', id)).toMatchObject({ runbook: 'ingest-vfs', next: `evenkeel show ${id}` });
  expect((await told('approval', id)).plan).toBe((await lab.operator.show(id)).plan!.digest);
  const { id: second } = await lab.operator.start('ingest-vfs', { from: pair.from, to: lab.pair().to }, 'bob');
  expect((await told('waiting', second)).why).toBe(`${pair.from} is held by ${id}`);
  await lab.operator.cancel(second, said);

  slowMs = 3_000;
  await lab.operator.decide(id, { ...said, approved: true });
  expect((await told('held', id)).why).toContain('it ended with 1');
  // The hook is still being told: an answer that was taken counts.
  await pair.until(id, 'held');
  await lab.operator.retry(id, said);
  slowMs = 0;
  await eventually(() => heard.filter(({ event, run }) => event === 'held' && run === id).length === 2);
  await pair.until(id, 'held');
  pair.mend();
  await lab.operator.retry(id, said);
  expect(plain((await told('done', id)).why)).toBe('2 storage items with 6 files of legacy are served by files');
  await pair.until(id, 'ended');
  const lines = readFileSync(join(lab.folder, 'told'), 'utf8').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line) as Notice).toSorted(byText)).toEqual(heard.toSorted(byText));
}, 120_000);

test('a run that is cancelled while a slow hook is told that it holds ends, and is undone', async () => {
  const pair = lab.pair().fill(['accounts'], { files: 3 });
  slowMs = 3_000;
  const id = await pair.start();
  await told('held', id);
  await pair.until(id, 'held');
  await lab.operator.cancel(id, { by: 'ann', why: 'wrong window' });
  slowMs = 0;
  expect(await pair.until(id, 'ended')).toMatchObject({ phase: 'cancelled' });
  expect(pair.stored()).toEqual([]);
}, 120_000);
