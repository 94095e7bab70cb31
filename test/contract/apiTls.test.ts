import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { createAuthority, issue } from '../../src/agent/authority';
import { operatorOn } from '../../src/api/operator';
import { createApi, listen } from '../../src/api/server';
import type { Role } from '../../src/contract/roles';

let folder: string;
let app: FastifyInstance;
let connection: Connection;
let url: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evenkeel-api-tls-'));
  await createAuthority(folder, 'test');
  const own = await issue(folder, { name: 'api', role: 'agent', addresses: ['127.0.0.1'] });
  connection = Connection.lazy({ address: '127.0.0.1:1' });
  app = createApi({
    operator: operatorOn(new Client({ connection })),
    tokens: [{ name: 'vera', role: 'viewer', token: 'viewer-token' }],
    fleet: async () => ({ fleet: 'test', hosts: [], fileServers: [] }),
    objects: async () => [],
    guarded: async () => ({ endpoints: [], pairs: [] }),
    log: pino({ level: 'silent' }),
    tls: { cert: read(own.cert), key: read(own.key), ca: read(join(folder, 'ca.crt')) },
  });
  url = await listen(app, '127.0.0.1', 0, true);
});
afterAll(async () => {
  await app.close();
  await connection.close();
  rmSync(folder, { recursive: true, force: true });
});

const read = (path: string): string => readFileSync(path, 'utf8');

async function caller(name: string, role: Role, authority = folder): Promise<{ cert: string; key: string }> {
  const { cert, key } = await issue(authority, { name, role });
  return { cert: read(cert), key: read(key) };
}

function ask(method: string, path: string, who: object = {}, headers: Record<string, string> = {}) {
  const options = {
    method,
    ...who,
    headers: { 'content-type': 'application/json', ...headers },
    ca: read(join(folder, 'ca.crt')),
    agent: false,
  };
  return new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const asked = request(new URL(path, url), options as object, (answer) => {
      let body = '';
      answer.on('data', (part: Buffer) => void (body += part.toString()));
      answer.on('end', () => resolve({ status: answer.statusCode, body }));
    });
    asked.once('error', reject).end(method === 'POST' ? '{}' : undefined);
  });
}

test('a certificate of the fleet carries name and role', async () => {
  const vera = await caller('vera-by-certificate', 'viewer');
  expect(await ask('GET', '/v1/fleet', vera)).toMatchObject({ status: 200 });
  const refused = await ask('POST', '/v1/runs/x/pause', vera);
  expect(refused).toMatchObject({ status: 403, body: expect.stringContaining('vera-by-certificate is viewer') });
});

test('a certificate of another authority is refused with its reason', async () => {
  const elsewhere = mkdtempSync(join(folder, 'other-'));
  await createAuthority(elsewhere, 'other');
  const stranger = await caller('mallory', 'approver', elsewhere);
  const refused = await ask('GET', '/v1/fleet', stranger);
  expect(refused).toMatchObject({ status: 401, body: expect.stringContaining('the client certificate is not good') });
});

test('without a certificate a token or the cookie will do, and nothing else', async () => {
  expect(await ask('GET', '/v1/fleet')).toMatchObject({ status: 401 });
  expect(await ask('GET', '/v1/fleet', {}, { authorization: 'Bearer viewer-token' })).toMatchObject({ status: 200 });
  expect(await ask('GET', '/v1/fleet', {}, { cookie: 'evenkeel=viewer-token' })).toMatchObject({ status: 200 });
});
