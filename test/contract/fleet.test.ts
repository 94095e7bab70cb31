import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFleetFile, loadFleet, readFleet, sentence } from '../../src/fleet/load';
import { nearest } from '../../src/fleet/nearest';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'evenkeel-fleet-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const written = (text: string): string => {
  const file = join(folder, 'fleet.yaml');
  writeFileSync(file, text);
  return file;
};

/** All errors and warnings of a fleet file, one a line, without the temporary directory. */
const said = (text: string): string => {
  const { errors, warnings } = readFleet(written(text));
  const lines = [...errors.map(sentence), ...warnings.map((each) => `warning ${sentence(each)}`)];
  return `\n${lines.join('\n')}\n`.replaceAll(`${folder}/`, '');
};

const good = `
fleet: berlin
hosts:
  a1: { agent: http://127.0.0.1:7411, zone: a, roots: [/srv/a] }
  b1: { agent: http://127.0.0.1:7412, zone: b, roots: [/srv/b] }
fileServers:
  legacy:
    fsvms:
      one: { host: a1, root: /srv/a/one }
      two: { host: b1, root: /srv/b/two }
`;

test('a good file is read with its defaults', () => {
  const { fleet, warnings } = loadFleet(written(good));
  expect(warnings).toEqual([]);
  expect(fleet.limits).toEqual({ maxConcurrency: 16, maxErrors: 1000, minHealthy: 0.51, paused: [], freeze: false });
  expect(Object.keys(fleet.fileServers['legacy']?.fsvms ?? {})).toEqual(['one', 'two']);
});

test('a typo names file, line, column and the nearest right word', () => {
  const text = good
    .replace('zone: b', 'zome: b')
    .replace('host: a1', 'hots: a1')
    .replace('fleet: berlin', 'fleeet: berlin');
  expect(said(text)).toMatchInlineSnapshot(`
   "
   fleet.yaml:1:1: fleet: is missing: expected a string
   fleet.yaml:2:1: fleeet: unknown field; did you mean "fleet"? (known: fleet, hosts, fileServers, objects, endpoints, proxies, limits, tls, notify)
   fleet.yaml:5:39: hosts.b1.zome: unknown field; did you mean "zone"? (known: agent, zone, roots, bulk)
   fleet.yaml:9:7: fileServers.legacy.fsvms.one.host: is missing: expected a string
   fleet.yaml:9:14: fileServers.legacy.fsvms.one.hots: unknown field; did you mean "host"? (known: host, root, items)
   "
  `);
});

test('every wrong value says what was expected', () => {
  const text = `
fleet: berlin
hosts:
  a1:
    agent: 127.0.0.1:7411
    roots: [srv]
    bulk: { port: 70000 }
  under_score: { agent: http://127.0.0.1:1 }
  c1:
fileServers:
  legacy:
    freeze: { how: remuont }
    fsvms:
      one: { host: a1 }
limits:
  minHealthy: 3
  maxConcurrency: many
  freeze: true
`;
  expect(said(text)).toMatchInlineSnapshot(`
   "
   fleet.yaml:5:12: hosts.a1.agent: expected an address such as https://host:7411, found "127.0.0.1:7411" (where its agent listens, https://… (http://… on loopback only))
   fleet.yaml:6:13: hosts.a1.roots.0: expected an absolute path, found "srv"
   fleet.yaml:7:19: hosts.a1.bulk.port: expected at most 65535, found 70000
   fleet.yaml:8:3: hosts.under_score: "under_score" is no good name: use letters, digits, dots and hyphens
   fleet.yaml:9:6: hosts.c1: expected fields, found nothing
   fleet.yaml:12:20: fileServers.legacy.freeze.how: expected watch, remount, exec, found "remuont"; did you mean "remount"?
   fleet.yaml:14:7: fileServers.legacy.fsvms.one.root: is missing: expected a string
   fleet.yaml:16:15: limits.minHealthy: expected at most 1, found 3 (share of the hosts that must answer before anything acts)
   fleet.yaml:17:19: limits.maxConcurrency: expected a number, found "many" (jobs at once, over the whole fleet)
   fleet.yaml:18:11: limits.freeze: expected one of its forms, found true (stop the line: the reason, or false)
   "
  `);
});

test('names and directories are checked against each other', () => {
  const text = `
fleet: berlin
hosts:
  files-a: { agent: http://127.0.0.1:7411, roots: [/srv] }
  files-b: { agent: http://127.0.0.1:7411/ }
  files-c: { agent: http://10.0.0.3:7411 }
  files-d: { agent: https://10.0.0.4:7411 }
fileServers:
  legacy:
    fsvms:
      one: { host: file-a, root: /srv/one }
      two: { host: files-a, root: /srv/two }
      three: { host: files-a, root: /srv/two/below }
      four: { host: files-a, root: /srvother }
limits:
  paused: [filesb]
`;
  expect(said(text)).toMatchInlineSnapshot(`
   "
   fleet.yaml:5:21: hosts.files-b.agent: "files-a" has this address already: one agent is one host
   fleet.yaml:6:21: hosts.files-c.agent: http:// is for loopback only; use https:// (\`evenkeel certs\` makes the certificates)
   fleet.yaml:7:21: hosts.files-d.agent: https:// needs the fleet's certificates: add \`tls\` (\`evenkeel certs\` makes them)
   fleet.yaml:11:20: fileServers.legacy.fsvms.one.host: there is no host "file-a"; did you mean "files-a"?
   fleet.yaml:13:37: fileServers.legacy.fsvms.three.root: /srv/two/below and /srv/two of legacy.fsvms.two overlap on host "files-a"
   fleet.yaml:14:36: fileServers.legacy.fsvms.four.root: /srvother lies outside the roots of host "files-a" (/srv)
   fleet.yaml:16:12: limits.paused.0: there is no host "filesb"; did you mean "files-b"?
   warning fleet.yaml:3:1: hosts: all hosts are in one failure domain: give them different \`zone\`s if they are not
   "
  `);
});

const guarded = `
fleet: berlin
hosts:
  p1: { agent: http://127.0.0.1:7411, zone: a, roots: [/srv/p1] }
  p2: { agent: http://127.0.0.1:7412, zone: b, roots: [/srv/p2] }
  et: { agent: http://127.0.0.1:7413, zone: c }
endpoints:
  orders:
    name: orders.db.example
    port: 6000
    members:
      p1: { host: p1, address: 10.0.0.1, data: /srv/p1/data }
      p2: { host: p2, address: 10.0.0.2, data: /srv/p2/data }
    forwarders:
      fa: { host: p1, address: 10.0.0.11 }
    observers: [p1, p2, et]
proxies:
  pool:
    nodes:
      n1: { host: p1, address: 10.0.1.1, own: 10.0.0.1, console: postgres://admin@10.0.0.1:6432/pgbouncer }
      n2: { host: p2, address: 10.0.1.2, own: 10.0.0.2, console: postgres://admin@10.0.0.2:6432/pgbouncer }
`;

test('endpoints and pairs of proxies are read with their defaults', () => {
  const { fleet, warnings } = loadFleet(written(guarded));
  expect(warnings).toEqual([]);
  expect(fleet.endpoints['orders']).toMatchObject({
    ...{ by: 'nftables', autonomy: 'ask', coolDown: 600_000, maintenance: false, fence: 'sync', mostLag: 0 },
    probe: { every: 100, deadline: 150, misses: 2 },
  });
  expect(fleet.proxies['pool']).toMatchObject({ by: 'address', probe: { every: 50, deadline: 100, misses: 2 } });
});

test('the example of docs/failover.md is a fleet file', () => {
  const [, example = ''] = /```yaml\n(.*?)```/s.exec(readFileSync('docs/failover.md', 'utf8')) ?? [];
  const { fleet, errors } = readFleet(written(example));
  expect(errors).toEqual([]);
  expect(Object.keys({ ...fleet!.endpoints, ...fleet!.proxies })).toEqual(['orders', 'pool']);
});

test('what is guarded is checked against the rest of the file', () => {
  const wrong = guarded
    .replace('observers: [p1, p2, et]', 'observers: [p1, p1, p3]')
    .replace(
      'p2: { host: p2, address: 10.0.0.2, data: /srv/p2/data }',
      'p2: { host: p1, address: 10.0.0.2, data: /data }',
    )
    .replace('n2: { host: p2, address: 10.0.1.2', 'n2: { host: p1, address: 10.0.1.1')
    .replace('own: 10.0.0.1, console', 'own: 10.0.1.1, console');
  expect(said(wrong)).toMatchInlineSnapshot(`
   "
   fleet.yaml:13:19: endpoints.orders.members.p2.host: host "p1" has a member of this endpoint already, "p1"
   fleet.yaml:13:48: endpoints.orders.members.p2.data: /data lies outside the roots of host "p1" (/srv/p1)
   fleet.yaml:16:21: endpoints.orders.observers.1: "p1" is named twice: each has one vote
   fleet.yaml:16:25: endpoints.orders.observers.2: there is no host "p3"; did you mean "p1"?
   fleet.yaml:20:47: proxies.pool.nodes.n1.own: 10.0.1.1 is the address that moves: the node needs one of its own
   fleet.yaml:21:19: proxies.pool.nodes.n2.host: both nodes are on host "p1": it fails with both
   fleet.yaml:21:32: proxies.pool.nodes.n2.address: "n1" has this address already
   warning fleet.yaml:16:5: endpoints.orders.observers: its observers are in 2 zones: with three, one zone that fails leaves a majority
   "
  `);
});

test('an endpoint and a pair of proxies cannot have one name', () => {
  expect(said(guarded.replace('  pool:', '  orders:'))).toMatchInlineSnapshot(`
   "
   fleet.yaml:18:3: proxies.orders: "orders" is the name of an endpoint already
   "
  `);
});

test('one failure domain is a warning only', () => {
  expect(said(good.replace('zone: b', 'zone: a'))).toMatchInlineSnapshot(`
   "
   warning fleet.yaml:3:1: hosts: all hosts are in one failure domain: give them different \`zone\`s if they are not
   "
  `);
  expect(loadFleet(written(good.replace('zone: b', 'zone: a'))).warnings).toHaveLength(1);
});

test('broken YAML names its place', () => {
  expect(said(good.replace('roots: [/srv/a] }', 'roots: [/srv/a }'))).toMatchInlineSnapshot(`
   "
   fleet.yaml:4:63: Flow sequence in block collection must be sufficiently indented and end with a ]
   fleet.yaml:5:3: Flow map in block collection must be sufficiently indented and end with a }
   "
  `);
});

test('certificates are named from where the file lies', () => {
  const { fleet } = loadFleet(written(`${good}tls: { ca: certs/ca.pem, cert: certs/cli.pem, key: /etc/cli.key }\n`));
  expect(fleet.tls).toEqual({
    ca: join(folder, 'certs/ca.pem'),
    cert: join(folder, 'certs/cli.pem'),
    key: '/etc/cli.key',
  });
});

test('a missing file is refused by name', () => {
  expect(() => findFleetFile(join(folder, 'none.yaml'))).toThrow(`there is no fleet file (${folder}/none.yaml)`);
  expect(() => loadFleet(written('fleet: x'))).toThrow('hosts: is missing: expected names with fields');
});

test.each([
  ['hsots', 'hosts'],
  ['Limits', 'limits'],
  ['fileserver', 'fileServers'],
  ['zebra', undefined],
  ['', undefined],
])('nearest to %p is %p', (given, right) => {
  expect(nearest(given, ['fleet', 'hosts', 'limits', 'fileServers'])).toBe(right);
});
