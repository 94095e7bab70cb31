import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { readTokensFile } from '../../src/api/access';
import { operatorOn } from '../../src/api/operator';
import { createApi, listen, routes } from '../../src/api/server';
import { freePort } from '../../src/stack/ports';

const tokens = [
  { name: 'vera', role: 'viewer' as const, token: 'viewer-token' },
  { name: 'olaf', role: 'operator' as const, token: 'operator-token' },
  { name: 'anna', role: 'approver' as const, token: 'approver-token' },
  { name: 'host-1', role: 'agent' as const, token: 'agents-token' },
];
const run = encodeURIComponent('ingest-vfs/files2');

let app: FastifyInstance;
let connection: Connection;
let log: string[];
let folder: string;

/** The real API on a Temporal that is not there: what is refused here never gets as far as Temporal. */
beforeEach(async () => {
  log = [];
  folder = mkdtempSync(join(tmpdir(), 'evenkeel-api-'));
  connection = Connection.lazy({ address: `127.0.0.1:${await freePort(0)}` });
  const operator = operatorOn(new Client({ connection }));
  const fleet = async () => ({ fleet: '<b>berlin</b>', hosts: [], fileServers: [] });
  app = createApi({
    operator,
    tokens,
    fleet,
    objects: async () => [],
    guarded: async () => ({ endpoints: [], pairs: [] }),
    log: pino({}, { write: (line: string) => void log.push(line) }),
  });
});
afterEach(async () => {
  await app.close();
  await connection.close();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(method: 'GET' | 'POST', url: string, { as = '', body = {} as object | string } = {}) {
  const answer = await app.inject({
    method,
    url,
    headers: { ...(as && { authorization: `Bearer ${as}` }), 'content-type': 'application/json' },
    ...(method === 'POST' && { payload: body }),
  });
  return {
    status: answer.statusCode,
    body: answer.json<{ code?: string; message?: string }>(),
    headers: answer.headers,
  };
}

const wrong: [string, 'GET' | 'POST', string, { as?: string; body?: object | string }, number, string, string][] = [
  ['nobody', 'GET', '/v1/runs', {}, 401, 'Unauthenticated', 'no token came'],
  ['a guess', 'GET', '/v1/fleet', { as: 'guessed-token' }, 401, 'Unauthenticated', 'not known'],
  [
    'a viewer who starts',
    'POST',
    '/v1/runbooks/ingest-vfs',
    { as: 'viewer-token' },
    403,
    'WrongRole',
    'vera is viewer',
  ],
  ['a viewer who pauses', 'POST', `/v1/runs/${run}/pause`, { as: 'viewer-token' }, 403, 'WrongRole', 'needs operator'],
  [
    'an operator who approves',
    'POST',
    `/v1/runs/${run}/approve`,
    { as: 'operator-token', body: { digest: 'abc' } },
    403,
    'WrongRole',
    'needs approver',
  ],
  [
    'an agent that starts',
    'POST',
    '/v1/runbooks/ingest-vfs',
    { as: 'agents-token' },
    403,
    'WrongRole',
    'host-1 is agent',
  ],
  [
    'a missing field',
    'POST',
    '/v1/runbooks/ingest-vfs',
    { as: 'operator-token', body: { from: 'a' } },
    400,
    'BadInput',
    'body.to',
  ],
  [
    'an unknown field',
    'POST',
    '/v1/runbooks/ingest-vfs',
    { as: 'operator-token', body: { from: 'a', to: 'b', bandwith: 1 } },
    400,
    'BadInput',
    'bandwith',
  ],
  [
    'a body that is no JSON',
    'POST',
    '/v1/runbooks/ingest-vfs',
    { as: 'operator-token', body: '{' },
    400,
    'BadInput',
    'JSON',
  ],
  [
    'an approval of no plan',
    'POST',
    `/v1/runs/${run}/approve`,
    { as: 'approver-token' },
    400,
    'BadInput',
    'body.digest',
  ],
  ['a skip without a reason', 'POST', `/v1/runs/${run}/skip`, { as: 'operator-token' }, 400, 'BadInput', 'body.why'],
  ['an odd limit', 'GET', '/v1/runs?limit=many', { as: 'viewer-token' }, 400, 'BadInput', 'query.limit'],
  ['a place that is not', 'GET', '/v1/nothing', { as: 'viewer-token' }, 400, 'BadInput', '/openapi.json'],
  ['anything without Temporal', 'GET', '/v1/runs', { as: 'viewer-token' }, 503, 'TemporalUnreachable', 'evenkeel up'],
];

describe('the API refuses, and logs who, what and why:', () => {
  test.each(wrong)(
    '%s',
    async (_, method, url, { as = '', body = {} }, status, code, words) => {
      const answer = await ask(method, url, { as, body });
      expect(answer).toMatchObject({ status, body: { code, message: expect.stringContaining(words) } });
      const refused = log
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ msg }) => msg === 'refused');
      expect(refused).toMatchObject([
        { who: expect.any(String), what: expect.any(String), why: expect.stringContaining(words) },
      ]);
    },
    20_000,
  );

  test('and no token ever gets into its log', async () => {
    for (const { token } of tokens) await ask('POST', `/v1/runs/${run}/approve`, { as: token });
    await ask('GET', '/v1/fleet', { as: 'guessed-token' });
    await app.inject({ method: 'GET', url: '/?token=viewer-token' });
    expect(log.join('')).not.toMatch(/-token/);
  });
});

test('the description is valid OpenAPI 3.1 and has every route', async () => {
  const { body } = await ask('GET', '/openapi.json');
  writeFileSync(join(folder, 'openapi.json'), JSON.stringify(body));
  const validator = join(
    dirname(require.resolve('@seriousme/openapi-schema-validator/package.json')),
    'bin',
    'validate-api-cli.js',
  );
  const said = execFileSync(process.execPath, [validator, join(folder, 'openapi.json')], { encoding: 'utf8' });
  expect(JSON.parse(said)).toMatchObject({ valid: true });
  const { paths } = body as unknown as {
    paths: Record<string, Record<string, { operationId: string; summary: string }>>;
  };
  const described = Object.values(paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId));
  expect(described.toSorted()).toEqual(routes.map(({ operationId }) => operationId).toSorted());
  expect(paths['/v1/runbooks/ingest-vfs']?.['post']?.summary).toMatch(/^Move the storage items/);
});

describe('the status page', () => {
  const page = (url: string, headers: Record<string, string> = {}) => app.inject({ method: 'GET', url, headers });

  test('asks for a token first, and keeps it in a cookie that no script reads', async () => {
    expect((await page('/')).statusCode).toBe(401);
    const login = await app.inject({
      method: 'POST',
      url: '/login',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'token=viewer-token',
    });
    expect(login).toMatchObject({ statusCode: 303, headers: { location: '/' } });
    expect(login.headers['set-cookie']).toMatch(/HttpOnly; SameSite=Strict/);
  });

  test('takes a token from its address once, and takes it out of the address', async () => {
    const first = await page('/?token=viewer-token');
    expect(first).toMatchObject({ statusCode: 303, headers: { location: '/' } });
    expect((await page('/?token=guessed-token')).statusCode).toBe(401);
  });

  test('escapes what it shows, and allows no script but its own', async () => {
    const shown = await page('/', { cookie: 'evenkeel=viewer-token' });
    expect(shown.statusCode).toBe(200);
    expect(shown.body).toContain('&#60;b&#62;berlin&#60;/b&#62;');
    expect(shown.body).not.toContain('<b>berlin');
    expect(shown.headers['content-security-policy']).toMatch(/default-src 'none'.*script-src 'self'/);
  }, 20_000);

  test('its cookie looks and never acts', async () => {
    const headers = { cookie: 'evenkeel=approver-token', 'content-type': 'application/json' };
    const answer = await app.inject({ method: 'POST', url: `/v1/runs/${run}/pause`, headers, payload: {} });
    expect(answer.statusCode).toBe(401);
  });
});

test('beyond this machine it listens with TLS only', async () => {
  await expect(listen(app, '0.0.0.0', 0, false)).rejects.toMatchObject({ code: 'InsecureBind' });
});

test('a file of tokens that others can read is refused', () => {
  const file = join(folder, 'tokens.json');
  writeFileSync(file, JSON.stringify(tokens), { mode: 0o600 });
  expect(readTokensFile(file)).toEqual(tokens);
  chmodSync(file, 0o644);
  expect(() => readTokensFile(file)).toThrow(`${file} can be read by others. Next: chmod 600 ${file}.`);
});
