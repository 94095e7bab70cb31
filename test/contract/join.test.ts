import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { answer, createAuthority, issue, issuedBy, request } from '../../src/agent/authority';
import { joinFleet } from '../../src/agent/join';
import { readFleet } from '../../src/fleet/load';
import { handHeldCopy, Scene } from './agents';
import { writeFileSync } from 'node:fs';

let scene: Scene;
beforeEach(() => void (scene = new Scene()));
afterEach(() => scene.close());

const code = (expected: string) => expect.objectContaining({ name: 'Refusal', code: expected });

test('a host joins, and its agent starts with what was written', async () => {
  const [authority, dir, state] = [scene.directory(), scene.directory(), scene.directory()];
  await createAuthority(authority, 'test');
  const joined = await joinFleet({ host: 'a', url: 'https://127.0.0.1:0', root: ['/srv/a b'], dir, state, authority });
  expect(joined.enable).toEqual([
    ['systemctl', 'link', join(dir, 'evenkeel-agent-a.service')],
    ['systemctl', 'enable', '--now', 'evenkeel-agent-a'],
  ]);
  const unit = readFileSync(join(dir, 'evenkeel-agent-a.service'), 'utf8');
  expect(unit).toContain(`--state ${state}`);
  // Any of these would hide from everybody else what the agent mounts.
  expect(unit).not.toMatch(/^(Protect|Private|ReadWritePaths|ReadOnlyPaths)/m);
  writeFileSync(join(dir, 'fleet.yaml'), `fleet: test\n${joined.fleetEntry}\n`);
  const { fleet } = readFleet(join(dir, 'fleet.yaml'));
  const agent = await scene.agent({ fleet: fleet!, stateDir: state, drivers: handHeldCopy().table });
  const a = scene.client(agent.url, { tls: fleet!.tls! });
  expect(await a.host.describe({})).toMatchObject({ host: 'a', roots: ['/srv/a b'] });
});

test('an agent may do what its host has a part in, and no more; what it started outlives it', async () => {
  const [dir, state] = [scene.directory(), scene.directory()];
  const node = (host: string, at: number) =>
    `{ host: ${host}, address: 10.0.1.${at}, own: 10.0.0.${at}, console: 'postgres://admin@10.0.0.${at}/pgbouncer' }`;
  const hosts = ['a', 'b', 'c'].map((host, at) => `  ${host}: { agent: 'http://127.0.0.1:740${at}' }`);
  const pair = `proxies: { pool: { nodes: { n1: ${node('a', 1)}, n2: ${node('b', 2)} } } }`;
  const fleet = join(dir, 'fleet.yaml');
  writeFileSync(fleet, `fleet: test\nhosts:\n${hosts.join('\n')}\n${pair}\n`);
  const unitOf = async (host: string) => {
    await joinFleet({ host, url: 'https://127.0.0.1:0', root: [], dir: join(dir, host), fleet, state });
    const unit = readFileSync(join(dir, host, `evenkeel-agent-${host}.service`), 'utf8');
    return unit.split('\n').filter((line) => /^(Cap|KillMode)/.test(line));
  };
  expect(await unitOf('a')).toMatchInlineSnapshot(`
   [
     "KillMode=process",
     "CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_MKNOD CAP_SETFCAP CAP_SYS_ADMIN CAP_KILL CAP_NET_ADMIN CAP_NET_RAW CAP_SETGID CAP_SETUID CAP_SYS_NICE CAP_SYS_PTRACE",
   ]
  `);
  expect(await unitOf('c')).toMatchInlineSnapshot(`
   [
     "KillMode=mixed",
     "CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_MKNOD CAP_SETFCAP CAP_SYS_ADMIN",
   ]
  `);
});

test('where the authority is elsewhere the key stays at home and a request travels', async () => {
  const [authority, dir] = [scene.directory(), scene.directory()];
  await createAuthority(authority, 'test');
  const joined = await joinFleet({ host: 'a', url: 'https://files1:7400', root: [], dir, state: dir });
  expect(joined.ask).toBe('evenkeel certs issue --request agent.csr --role agent');
  await answer(authority, join(dir, 'agent.csr'), { role: 'agent' });
  expect(readFileSync(join(dir, 'agent.crt'), 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
  expect(await issuedBy(authority)).toMatchObject([{ name: 'a', role: 'agent' }]);
});

test('keys are for their owner only, and nothing is replaced unasked', async () => {
  const authority = scene.directory();
  await createAuthority(authority, 'test');
  const { key } = await issue(authority, { name: 'ada', role: 'approver' });
  const modes = [key, join(authority, 'ca.key')].map((file) => statSync(file).mode & 0o777);
  expect(modes).toEqual([0o600, 0o600]);
  await expect(createAuthority(authority, 'test')).rejects.toEqual(code('BadInput'));
  await expect(issue(authority, { name: 'ada', role: 'viewer' })).rejects.toThrow('is there already');
  await issue(authority, { name: 'ada', role: 'viewer', renew: true });
  await expect(issue(authority, { name: '../ada', role: 'viewer' })).rejects.toThrow('cannot be the name');
  await expect(request(authority, 'a/b')).rejects.toThrow('cannot be the name');
});
