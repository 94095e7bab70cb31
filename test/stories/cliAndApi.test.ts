import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunEvent, RunSummary, RunView } from '../../src/api/views';
import { packageRoot } from '../../src/stack/places';
import { stackTokens } from '../../src/stack/stackState';
import { eventually } from '../setup/eventually';
import { Laboratory, type Pair } from '../setup/laboratory';

let lab: Laboratory;
let pair: Pair;
let id: string;
beforeAll(async () => {
  lab = await Laboratory.open();
  pair = lab.pair().mend();
  id = `ingest-vfs/${pair.to}`;
  for (const [host, item] of [
    ['old-1', 'accounts'],
    ['old-2', 'homes'],
  ] as const) {
    mkdirSync(join(pair.store(host), item));
    for (let n = 0; n < 20; n++) writeFileSync(join(pair.store(host), item, `${n}.txt`), `${item} ${n}`.repeat(500));
  }
}, 120_000);
afterAll(() => lab?.close());

interface Said {
  status: number;
  out: string;
  err: string;
}

/** Types a command line in the laboratory, as a script would: no terminal. */
function evenkeel(...words: string[]): Promise<Said> {
  const command = [join(packageRoot, 'bin', 'evenkeel.js'), ...words];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { env: process.env, maxBuffer: 64 * 1024 * 1024 }, (error, out, err) =>
      resolve({ status: error ? Number(error.code) : 0, out, err }),
    );
  });
}

const lastLine = (out: string): Record<string, unknown> =>
  JSON.parse(out.trim().split('\n').at(-1)!) as Record<string, unknown>;

async function ask(role: 'viewer' | 'operator' | 'approver', method: 'GET' | 'POST', path: string, body?: object) {
  const answer = await fetch(`${lab.stack.state.api}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${stackTokens(join(lab.folder, 'state'))[role]}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

/** The events of a run, until its stream ends. */
async function eventsOf(run: string): Promise<RunEvent[]> {
  const answer = await fetch(`${lab.stack.state.api}/v1/runs/${encodeURIComponent(run)}/events`, {
    headers: { authorization: `Bearer ${stackTokens(join(lab.folder, 'state')).viewer}` },
  });
  expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const text = await answer.text();
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as RunEvent);
}

test('the API starts a run, tells its events, and takes words from those who may say them', async () => {
  const started = await ask('operator', 'POST', '/v1/runbooks/ingest-vfs', {
    from: pair.from,
    to: pair.to,
    approval: 'ask',
  });
  expect(started).toMatchObject({ status: 201, body: { id } });
  const events = eventsOf(id);
  const path = `/v1/runs/${encodeURIComponent(id)}`;
  const waits = await eventually(async () => {
    const { body } = await ask('viewer', 'GET', path);
    return body['phase'] === 'waiting for approval' ? (body as unknown as RunView) : undefined;
  });
  const { digest } = waits.plan!;
  expect(await ask('operator', 'POST', `${path}/approve`, { digest })).toMatchObject({
    status: 403,
    body: { code: 'WrongRole' },
  });
  expect(await ask('operator', 'POST', `${path}/skip`, { why: 'bored' })).toMatchObject({
    status: 409,
    body: { code: 'NotHeld' },
  });
  expect(await ask('approver', 'POST', `${path}/reject`, { digest, why: 'not tonight' })).toMatchObject({
    status: 202,
  });
  const told = await events;
  expect(told.map(({ type }) => type)).toEqual(expect.arrayContaining(['run', 'step', 'plan', 'phase', 'ended']));
  expect(told.at(-1)).toMatchObject({
    type: 'ended',
    run: { failure: { message: expect.stringContaining('not tonight') } },
  });
  const again = await fetch(`${lab.stack.state.api}${path}/events`, {
    headers: {
      authorization: `Bearer ${stackTokens(join(lab.folder, 'state')).viewer}`,
      'last-event-id': `${(told.at(-1) as { run: RunView }).run.runId} ended`,
    },
  });
  expect(again.status).toBe(204);
  const audit = await ask('viewer', 'GET', `${path}/history`);
  expect(audit.body['entries']).toContainEqual(
    expect.objectContaining({
      who: 'local-approver',
      what: expect.stringContaining('rejected plan') as string,
      facts: expect.objectContaining({ why: 'not tonight' }),
    }),
  );
  expect(await ask('viewer', 'GET', '/v1/runs/nothing-such')).toMatchObject({
    status: 404,
    body: { code: 'NoSuchRun' },
  });
}, 120_000);

test('the fleet is told with its agents, and the figures with the runs', async () => {
  const { body } = await ask('viewer', 'GET', '/v1/fleet');
  expect(body['hosts']).toHaveLength(4);
  expect(body['hosts']).toContainEqual(
    expect.objectContaining({ host: 'old-1', answers: true, capabilities: expect.arrayContaining(['files', 'copy']) }),
  );
  const answer = await fetch(`${lab.stack.state.api}/metrics`, {
    headers: { authorization: `Bearer ${stackTokens(join(lab.folder, 'state')).viewer}` },
  });
  expect(await answer.text()).toContain('evenkeel_agent_up{host="new-2"} 1');
}, 30_000);

test('a schedule starts a run, and is paused, listed and deleted', async () => {
  const name = `nightly-${pair.to}`;
  const when = ['--cron', '0 3 * * 6', '--name', name];
  expect(
    await evenkeel('schedule', 'apply', 'ingest-vfs', '--from', pair.from, '--to', pair.to, '--dry-run', ...when),
  ).toMatchObject({ status: 0 });
  expect(await evenkeel('schedule', 'trigger', name)).toMatchObject({ status: 0 });
  await eventually(async () => {
    const runs = await lab.operator.list({ all: true, target: pair.to });
    return runs.some((run) => run.id.startsWith(id) && run.by === `schedule ${name}` && run.phase === 'planned');
  });
  expect(await evenkeel('schedule', 'pause', name.slice(0, -3))).toMatchObject({ status: 0, out: `Paused ${name}.\n` });
  expect((await evenkeel('schedule', 'list')).out).toMatch(new RegExp(`${name}\\s+0 3 \\* \\* 6\\s+paused`));
  expect(await evenkeel('schedule', 'pause', `${name}x`)).toMatchObject({
    status: 3,
    err: expect.stringContaining(`did you mean "${name}"`),
  });
  expect(await evenkeel('schedule', 'delete', name)).toMatchObject({ status: 0 });
}, 60_000);

test('a run that failed before it did anything goes on from its failed step', async () => {
  const { id: failing } = await lab.operator.start(
    'ingest-vfs',
    { from: pair.from, to: `${pair.to}-new`, onFailure: 'undo' },
    'ann',
  );
  const failed = await pair.until(failing, 'ended');
  expect(failed).toMatchObject({ phase: 'failed', failure: { code: 'UnknownFileServer' } });
  const again = await lab.operator.retry(failing, { by: 'ann', why: 'look again' });
  expect(again.runId).not.toBe(failed.runId);
  const { runId, phase } = await eventually(async () => {
    const run = await lab.operator.show(failing);
    return run.runId === again.runId && run.endedAt !== undefined ? run : undefined;
  });
  expect({ runId, phase }).toEqual({ runId: again.runId, phase: 'failed' });
}, 60_000);

test('the command line plans, runs, waits for an approval, and reports', async () => {
  const planned = await evenkeel('run', 'ingest-vfs', '--from', pair.from, '--to', pair.to, '--dry-run', '--json');
  expect(planned).toMatchObject({ status: 0, err: '' });
  expect(lastLine(planned.out)).toMatchObject({
    id: `${id}/dry-run`,
    outcome: 'planned',
    plan: { digest: expect.any(String) },
  });

  const asked = await evenkeel(
    'run',
    'ingest-vfs',
    '--from',
    pair.from,
    '--to',
    pair.to,
    '--approval',
    'ask',
    '--ticket',
    'CHG-7',
  );
  expect(asked).toMatchObject({ status: 4, out: expect.stringContaining(`evenkeel approve ${id} --plan`) });

  const meanwhile = await evenkeel('run', 'ingest-vfs', '--from', pair.from, '--to', pair.to, '--dry-run');
  expect(meanwhile).toMatchObject({ status: 0, out: expect.stringContaining('Nothing was touched') });
  expect((await evenkeel('show', `${pair.to}/dry-run`)).out).toMatch(/ \(dry run\) {2}planned/);

  const second = await evenkeel('run', 'ingest-vfs', '--from', pair.from, '--to', pair.to, '--detach');
  expect(second).toMatchObject({ status: 6, err: expect.stringContaining('runs already, started by') });

  const shown = JSON.parse((await evenkeel('show', pair.to, '--json')).out) as RunView;
  expect(shown).toMatchObject({ id, phase: 'waiting for approval', ticket: 'CHG-7' });
  expect(await evenkeel('approve', pair.to, '--plan', 'another')).toMatchObject({
    status: 3,
    err: expect.stringMatching(/the plan now is \w+, not another/),
  });
  expect(await evenkeel('approve', pair.to, '--plan', shown.plan!.digest, '--why', 'read it')).toMatchObject({
    status: 0,
  });

  const watched = await evenkeel('watch', pair.to, '--json');
  expect(watched.status).toBe(0);
  expect(lastLine(watched.out)).toMatchObject({ id, outcome: 'done', result: { items: 2, verifiedItems: 2 } });

  const listed = JSON.parse((await evenkeel('list', '--all', '--target', pair.to, '--json')).out) as RunSummary[];
  const [dry, real] = [`${id}/dry-run`, id];
  expect(listed.slice(0, 3).map((run) => [run.id, run.phase, run.dryRun])).toEqual([
    [real, 'done', undefined],
    [dry, 'planned', true],
    [dry, 'planned', true],
  ]);
  const history = await evenkeel('history', pair.to);
  expect(history.out).toMatch(/said\s+approved plan [0-9a-f]{16}: read it/);
  expect(history.out).toMatch(/refused\s+approved plan another: the plan now is \w+, not another/);
  expect(await evenkeel('pause', pair.to)).toMatchObject({
    status: 3,
    err: expect.stringContaining('has ended: done'),
  });

  // Nothing is offered where the answer takes too long: a busy machine is asked again.
  const offers = async (begin: string) => (await evenkeel('completion', 'values', 'runs', begin)).out.split('\n');
  await eventually(async () => (await offers(pair.to.slice(0, 5))).includes(pair.to));
  await eventually(async () => (await offers('ingest')).includes(id));
  const fleet = ['--fleet', join(lab.folder, 'fleet.yaml')];
  expect(await evenkeel('failures', pair.to, ...fleet)).toMatchObject({
    status: 0,
    out: `No file of ${id} failed, as far as its agents keep it.\n`,
  });
  await lab.stack.kill('agent-old-1', 'SIGKILL');
  expect(await evenkeel('failures', pair.to, ...fleet)).toMatchObject({
    status: 7,
    out: '',
    err: expect.stringContaining('the agent of old-1 does not answer'),
  });
  await lab.stack.restart('agent-old-1');
}, 180_000);
