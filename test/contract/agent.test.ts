import { writeFileSync } from 'node:fs';
import { Refusal } from '../../src/contract/errors';
import { version } from '../../src/agent/version';
import { startAgent } from '../../src/agent/main';
import { consignment, fleetOf, handHeldCopy, Scene, token } from './agents';

let scene: Scene;
beforeEach(() => void (scene = new Scene()));
afterEach(() => scene.close());

const code = (expected: string) => expect.objectContaining({ name: 'Refusal', code: expected });

interface Told {
  status: number;
  body: { code?: string; message?: string; facts?: Record<string, unknown> };
}

async function ask(
  url: string,
  path: string,
  init: { as?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<Told> {
  const { as = token, ...rest } = init;
  const response = await fetch(new URL(path, url), {
    method: 'POST',
    body: '{}',
    ...rest,
    headers: { 'content-type': 'application/json', ...(as && { authorization: `Bearer ${as}` }), ...rest.headers },
  });
  return { status: response.status, body: (await response.json()) as Told['body'] };
}

async function agentWithTokens() {
  const said: string[] = [];
  const tokensFile = `${scene.directory()}/tokens.json`;
  writeFileSync(tokensFile, JSON.stringify([{ name: 'ada', role: 'viewer', token: 'viewer-token' }]));
  const agent = await scene.agent({
    tokensFile,
    drivers: handHeldCopy().table,
    log: (event, facts) => void said.push(JSON.stringify({ event, ...facts })),
  });
  return { url: agent.url, said };
}

describe('an agent refuses, and logs who, what and why:', () => {
  test.each([
    ['no token', '/v1/host/describe', { as: '' }, 401, 'Unauthenticated', 'no token'],
    [
      'a token that it does not know',
      '/v1/host/describe',
      { as: 'guessed-token' },
      401,
      'Unauthenticated',
      'not known',
    ],
    ['a role that may not', '/v1/copy/door', { as: 'viewer-token' }, 403, 'WrongRole', 'ada is viewer, and copy.door'],
    ['a body without a field', '/v1/copy/limit', {}, 400, 'BadInput', 'bytesPerSecond'],
    ['a body that is no JSON', '/v1/copy/limit', { body: '{' }, 400, 'BadInput', 'JSON'],
    [
      'a capability that it has not',
      '/v1/files/lookup',
      { body: '{"fileServer":"f","item":"i"}' },
      404,
      'NoSuchCapability',
      'files',
    ],
    ['an operation that nobody knows', '/v1/copy/fly', {}, 404, 'NotFound', '/v1/copy/fly'],
    [
      'another version',
      '/v1/copy/door',
      { headers: { 'x-evenkeel-version': '99.1.0' } },
      409,
      'WrongVersion',
      '99.1.0',
    ],
  ])('%s', async (_, path, init, status, expected, says) => {
    const { url, said } = await agentWithTokens();
    const answer = await ask(url, path, init);
    expect(answer).toMatchObject({ status, body: { code: expected } });
    expect(answer.body.message).toContain(says);
    expect(said.join('\n')).toContain(`"code":"${expected}"`);
    expect(said.join('\n')).not.toMatch(/guessed-token|viewer-token|token-of-this-test/);
  });
});

test('describe answers every version, and says its own', async () => {
  const agent = await scene.agent({ drivers: handHeldCopy().table });
  const answer = await ask(agent.url, '/v1/host/describe', { headers: { 'x-evenkeel-version': '99.1.0' } });
  expect(answer).toMatchObject({ status: 200, body: { host: 'a', version, capabilities: ['copy', 'host'] } });
});

test('what a driver refuses arrives as the same refusal; what it did not foresee, as a number that is in the log', async () => {
  const said: Record<string, unknown>[] = [];
  const { table } = handHeldCopy({
    forget: () => Promise.reject(new Refusal('OutsideRoots', { path: '/etc', host: 'a' })),
    limit: () => Promise.reject(new TypeError('cannot read the speed')),
  });
  const { url } = await scene.agent({ drivers: table, log: (event, facts) => void said.push({ event, ...facts }) });
  const a = scene.client(url);
  const { from, to, items, lease } = consignment();
  await expect(a.copy.forget({ from, to, items, lease })).rejects.toEqual(code('OutsideRoots'));
  const error = await a.copy.limit({ bytesPerSecond: 1, lease }).catch((caught: unknown) => caught);
  expect(error).toEqual(code('Unexpected'));
  const { incident, why } = (error as Refusal).facts;
  expect(why).toBe('cannot read the speed');
  expect(said).toContainEqual(expect.objectContaining({ incident, error: expect.stringContaining('TypeError') }));
});

test('an agent that does not answer is named, with its address', async () => {
  const a = scene.client('http://127.0.0.1:1');
  const error = await a.host.describe({}).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'AgentUnreachable', facts: { host: 'a', url: 'http://127.0.0.1:1' } });
  expect((error as Error).cause).toMatchObject({ code: 'ECONNREFUSED' });
});

test('plain HTTP is offered on loopback only, and never without a token', async () => {
  const stateDir = scene.directory();
  const start = (agent: string, given: string) =>
    startAgent({ fleet: fleetOf({ a: agent }), host: 'a', stateDir, token: given, log: () => {} });
  await expect(start('http://192.0.2.1:7400', token)).rejects.toThrow('plain HTTP is spoken on loopback only');
  await expect(start('https://127.0.0.1:7400', token)).rejects.toThrow('needs `tls`');
  await expect(start('http://127.0.0.1:0', '')).rejects.toThrow('no token is set');
});

test('two agents never share a state directory', async () => {
  const stateDir = scene.directory();
  await scene.agent({ stateDir });
  await expect(scene.agent({ stateDir })).rejects.toEqual(code('AgentRunsAlready'));
});

test('health needs no token, metrics do', async () => {
  const { url } = await scene.agent({ drivers: handHeldCopy().table });
  expect(await (await fetch(new URL('/healthz', url))).json()).toEqual({ ok: true });
  expect((await fetch(new URL('/metrics', url))).status).toBe(401);
  const response = await fetch(new URL('/metrics', url), { headers: { authorization: `Bearer ${token}` } });
  const text = await response.text();
  expect(text).toMatch(/^evenkeel_agent_jobs\{state="running"\} 0$/m);
  expect(text).toMatch(/^evenkeel_agent_requests_total\{operation="metrics",code="401"\} 1$/m);
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
});
