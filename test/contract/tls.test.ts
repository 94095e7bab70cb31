import { readFileSync } from 'node:fs';
import { Agent as Connections, request } from 'node:https';
import { join } from 'node:path';
import { createAuthority, issue } from '../../src/agent/authority';
import type { AgentClient } from '../../src/agent/client';
import type { Agent } from '../../src/agent/main';
import type { Fleet } from '../../src/contract/fleet';
import type { Role } from '../../src/contract/roles';
import { fleetOf, handHeldCopy, Scene } from './agents';

let scene: Scene;
beforeEach(() => void (scene = new Scene()));
afterEach(() => scene.close());

const code = (expected: string) => expect.objectContaining({ name: 'Refusal', code: expected });
type Tls = NonNullable<Fleet['tls']>;

async function authority() {
  const directory = scene.directory();
  await createAuthority(directory, 'test');
  return {
    directory,
    certificate: async (name: string, role: Role): Promise<Tls> => {
      const { cert, key } = await issue(directory, { name, role });
      return { ca: join(directory, 'ca.crt'), cert, key };
    },
  };
}

async function agentOverTls() {
  const ours = await authority();
  const said: Record<string, unknown>[] = [];
  const tls = await ours.certificate('a', 'agent');
  const fleet = fleetOf({ a: 'https://127.0.0.1:0' }, { tls });
  const log = (event: string, facts?: Record<string, unknown>) => void said.push({ event, ...facts });
  const agent = await scene.agent({ fleet, drivers: handHeldCopy().table, log });
  return { ours, said, agent };
}

const as = (agent: Agent, tls: Tls, host = 'a'): AgentClient => scene.client(agent.url, { tls, host, patienceMs: 0 });

/** A caller without a certificate, who keeps TLS sessions as browsers do. */
function statusOver(url: string, ca: string, headers: Record<string, string>): Promise<number | undefined> {
  const options = {
    method: 'POST',
    agent: sessions,
    ca: readFileSync(ca),
    checkServerIdentity: () => undefined,
    headers,
  };
  return new Promise((resolve, reject) => {
    const asked = request(new URL('/v1/host/describe', url), options, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    });
    asked.once('error', reject).end('{}');
  });
}
const sessions = new Connections({ keepAlive: false });

test('a peer of the same authority is served, by its name and role', async () => {
  const { ours, agent } = await agentOverTls();
  const b = as(agent, await ours.certificate('b', 'agent'));
  expect(await b.copy.door({})).toEqual({ port: 1 });
  expect(await b.host.describe({})).toMatchObject({ host: 'a' });
});

test('a viewer may look and not act; the log says who it was', async () => {
  const { ours, agent, said } = await agentOverTls();
  const ada = as(agent, await ours.certificate('ada', 'viewer'));
  expect(await ada.host.describe({})).toMatchObject({ host: 'a' });
  await expect(ada.copy.limit({ bytesPerSecond: 0, lease: { target: 'files2', epoch: 1 } })).rejects.toEqual(
    code('WrongRole'),
  );
  expect(said).toContainEqual(
    expect.objectContaining({ event: 'refused', who: 'ada', what: 'copy.limit', code: 'WrongRole' }),
  );
});

test('a certificate of another authority is refused with a reason', async () => {
  const { ours, agent, said } = await agentOverTls();
  const theirs = await (await authority()).certificate('b', 'agent');
  const b = as(agent, { ...theirs, ca: join(ours.directory, 'ca.crt') });
  await expect(b.host.describe({})).rejects.toEqual(code('Unauthenticated'));
  await expect(b.host.describe({})).rejects.toEqual(code('Unauthenticated')); // also over a kept or resumed connection
  expect(said).toContainEqual(expect.objectContaining({ event: 'refused', code: 'Unauthenticated' }));
});

test('an agent of another authority, or of another name, is not spoken to', async () => {
  const { ours, agent } = await agentOverTls();
  const theirs = await (await authority()).certificate('b', 'agent');
  await expect(as(agent, theirs).host.describe({})).rejects.toEqual(code('AgentUnreachable'));
  const mine = await ours.certificate('b', 'agent');
  await expect(as(agent, mine, 'c').host.describe({})).rejects.toThrow('its certificate is that of a');
});

test('without a certificate, or with a token instead, nobody is served', async () => {
  const { ours, agent } = await agentOverTls();
  const { ca } = await ours.certificate('b', 'agent');
  const ask = (headers: Record<string, string>) => statusOver(agent.url, ca, headers);
  expect(await ask({})).toBe(401);
  expect(await ask({})).toBe(401); // a resumed session does not pass as a certificate
  expect(await ask({ authorization: 'Bearer token-of-this-test' })).toBe(401);
});
