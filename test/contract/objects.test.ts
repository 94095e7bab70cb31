import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadFleet, readFleet, sentence } from '../../src/fleet/load';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'evenkeel-objects-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A fleet file with these objects. */
const written = (objects: string): string => {
  const file = join(folder, 'fleet.yaml');
  const hosts = 'hosts:\n  a1: { agent: http://127.0.0.1:7411, roots: [/srv, /sys/fs/cgroup/cpu/app] }\n';
  writeFileSync(file, `fleet: berlin\n${hosts}objects:\n${objects}`);
  return file;
};

const said = (objects: string): string => {
  const { errors, warnings } = readFleet(written(objects));
  const lines = [...errors.map(sentence), ...warnings.map((each) => `warning ${sentence(each)}`)];
  return `\n${lines.join('\n')}\n`.replaceAll(`${folder}/`, '');
};

test('objects are read with their defaults, and durations and sizes as people write them', () => {
  const { fleet } = loadFleet(
    written(`
  web:
    host: a1
    series: { from: prometheus, url: http://127.0.0.1:9090, query: 'sum(rate(requests[5m]))' }
    resize: { by: exec, set: [scale, '{size}'], read: [scale] }
    min: 2
    max: 20
    capacity: 100
  cache:
    host: a1
    series: { from: csv, file: /srv/cache.csv }
    resize: { by: cgroup, path: /sys/fs/cgroup/cpu/app/cache, what: memory }
    min: 512MiB
    max: 4GiB
    targetUse: 0.7
    step: 1min
    lead: 0s
    hold: 1h30min
    autonomy: ask
    schedule: { every: 15min, changesADay: 4 }
`),
  );
  expect(fleet.objects).toMatchObject({
    web: {
      ...{ step: 300_000, lead: 600_000, hold: 600_000, min: 2, max: 20, capacity: 100, autonomy: 'forecast' },
      schedule: { every: 3_600_000, jitter: 30_000, catchUp: 600_000, changesADay: 48 },
      resize: { by: 'exec', timeoutSeconds: 8, unit: 'units' },
    },
    cache: {
      ...{ step: 60_000, lead: 0, hold: 5_400_000, min: 512 * 1024 ** 2, max: 4 * 1024 ** 3, autonomy: 'ask' },
      series: { from: 'csv', file: '/srv/cache.csv', combine: 'mean' },
      schedule: { every: 900_000, jitter: 30_000, catchUp: 600_000, changesADay: 4 },
    },
  });
});

test('a typo names its line and the nearest right word, of the form that was chosen', () => {
  expect(
    said(`
  web:
    hots: a1
    series: { from: promethues, url: 'http://127.0.0.1:9090' }
    resize: { by: haproxy, socket: /run/haproxy.sock, what: wieght, backend: web }
    min: many
    max: 20
    step: 300
    hold: 5 apples
    autonomy: atc
`),
  ).toMatchInlineSnapshot(`
   "
   fleet.yaml:6:3: objects.web.host: is missing: expected a string (whose agent asks for the series, and resizes)
   fleet.yaml:7:5: objects.web.hots: unknown field; did you mean "host"? (known: host, series, step, lead, hold, resize, min, max, capacity, targetUse, autonomy, schedule)
   fleet.yaml:8:21: objects.web.series.from: expected csv, prometheus, postgres, found "promethues"; did you mean "prometheus"?
   fleet.yaml:9:5: objects.web.resize.proxy: is missing: expected a string (the backend, or for maxconn a frontend)
   fleet.yaml:9:61: objects.web.resize.what: expected weight, maxconn, found "wieght"; did you mean "weight"?
   fleet.yaml:9:69: objects.web.resize.backend: unknown field (known: by, socket, what, proxy, server)
   fleet.yaml:10:10: objects.web.min: expected a number, or bytes such as "512MiB", found "many"
   fleet.yaml:12:11: objects.web.step: expected a duration such as "5min", found 300 (time between two values of the series)
   fleet.yaml:13:11: objects.web.hold: expected a duration such as "5min", found "5 apples" (how long a size stays at the least)
   fleet.yaml:14:15: objects.web.autonomy: expected forecast, ask, act, found "atc"; did you mean "act"?
   "
  `);
});

test('secrets are named by file or environment, and one that stands in the file is not printed', () => {
  const text = said(`
  web:
    host: a1
    series: { from: prometheus, url: 'http://ann:hunter2@127.0.0.1:9090', query: up, bearer: hunter2 }
    resize: { by: pgbouncer, url: 'postgres://ann:hunter2@127.0.0.1/pgbouncer', password: hunter2 }
    min: 1
    max: 2
    capacity: 1
  orders:
    host: a1
    series: { from: postgres, url: 'postgres://127.0.0.1/x?password=hunter2', query: select 1 }
    resize: { by: webhook, url: 'https://hook.example', secret: { fiel: /x } }
    min: 1
    max: 2
    capacity: 1
`);
  expect(text).not.toContain('hunter2');
  expect(text).toMatchInlineSnapshot(`
   "
   fleet.yaml:8:38: objects.web.series.url: no password in an address: name its file or environment variable, found "http://ann:…@127.0.0.1:9090"
   fleet.yaml:8:94: objects.web.series.bearer: expected one of its forms, found something else ({ file: /path } or { env: NAME }, never the secret itself)
   fleet.yaml:9:35: objects.web.resize.url: no password in an address: name its file or environment variable, found "postgres://ann:…@127.0.0.1/pgbouncer"
   fleet.yaml:9:91: objects.web.resize.password: expected one of its forms, found something else ({ file: /path } or { env: NAME }, never the secret itself)
   fleet.yaml:15:36: objects.orders.series.url: no password in an address: name its file or environment variable, found "postgres://127.0.0.1/x?password=…"
   fleet.yaml:15:86: objects.orders.series.query: expected a query with $1 and $2, the beginning and the end of the time that is asked for, found "select 1" (returns time and value, for the time from $1 to $2)
   fleet.yaml:16:65: objects.orders.resize.secret: expected one of its forms, found something else (signs each request: { file: /path } or { env: NAME })
   "
  `);
});

test('what no single field can tell', () => {
  expect(
    said(`
  web:
    host: a2
    series: { from: csv, file: /etc/load.csv }
    min: 3
    max: 2
    autonomy: act
  pool:
    host: a1
    series: { from: csv, file: /etc/load.csv }
    resize: { by: cgroup, path: /sys/fs/cgroup/cpu/other, what: cpu }
    min: 1
    max: 2
    capacity: 1
    targetUse: 0.5
  weights:
    host: a1
    series: { from: prometheus, url: 'http://prometheus:9090', query: up, bearer: { env: TOKEN }, user: ann }
    resize: { by: haproxy, socket: /run/haproxy.sock, what: weight, proxy: web }
    min: 0.5
    max: 300
    capacity: 1
  pods:
    host: a1
    series: { from: csv, file: /srv/load.csv }
    resize: { by: kubernetes, url: 'http://10.0.0.1', name: web, what: cpu, token: { file: /etc/token } }
    min: 0.5
    max: 3
    capacity: 1
`),
  ).toMatchInlineSnapshot(`
   "
   fleet.yaml:6:3: objects.web: give either \`capacity\` (load that one unit carries) or \`targetUse\` (the series is the share in use)
   fleet.yaml:7:11: objects.web.host: there is no host "a2"; did you mean "a1"?
   fleet.yaml:9:10: objects.web.min: 3 is more than max (2)
   fleet.yaml:11:15: objects.web.autonomy: "act" needs \`resize\`: what is resized, and how
   fleet.yaml:12:3: objects.pool: give either \`capacity\` (load that one unit carries) or \`targetUse\` (the series is the share in use)
   fleet.yaml:14:32: objects.pool.series.file: /etc/load.csv lies outside the roots of host "a1" (/srv, /sys/fs/cgroup/cpu/app)
   fleet.yaml:15:33: objects.pool.resize.path: /sys/fs/cgroup/cpu/other lies outside the roots of host "a1" (/srv, /sys/fs/cgroup/cpu/app)
   fleet.yaml:22:13: objects.weights.series: give either \`bearer\` or \`user\` with \`password\`
   fleet.yaml:23:13: objects.weights.resize: a weight is that of a \`server\`: name it
   fleet.yaml:24:10: objects.weights.min: haproxy takes whole numbers, found 0.5
   fleet.yaml:25:10: objects.weights.max: a weight of HAProxy is at most 256, found 300
   fleet.yaml:30:13: objects.pods.resize: cpu is that of a \`container\`: name it
   warning fleet.yaml:22:38: objects.weights.series.url: a secret would travel in the clear: use https://
   warning fleet.yaml:30:36: objects.pods.resize.url: a secret would travel in the clear: use https://
   "
  `);
});
