import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { Endings } from '../../src/laboratory/endings';
import { endpointOfLab, pairOfLab } from '../../src/laboratory/failoverFleet';
import type { FailoverOptions } from '../../src/laboratory/failoverOptions';
import { FailoverSite } from '../../src/laboratory/failoverSite';
import { byMember, byProxy, startWrites } from '../../src/laboratory/failoverWrites';
import { judge } from '../../src/laboratory/history';
import { resolved } from '../../src/laboratory/nameServer';
import { poolerPort } from '../../src/laboratory/pooler';
import { eventually } from '../setup/eventually';
import { needs } from '../setup/needs';

const linux = needs('root', 'netns', 'ip', 'postgres', 'pgbouncer', 'knotd');

async function withSite(options: FailoverOptions, work: (site: FailoverSite, endings: Endings) => Promise<void>) {
  const endings = new Endings();
  try {
    await work(await FailoverSite.open(endings, { fsync: false, controlPlane: false, ...options }), endings);
  } finally {
    await endings.close();
  }
}

/** What a pooler of this site says to its console. */
async function consoleOf(address: string): Promise<string> {
  const client = new Client({ host: address, port: poolerPort, user: 'postgres', database: 'pgbouncer' });
  await client.connect();
  const { rows } = await client.query<{ version: string }>('SHOW VERSION');
  await client.end();
  return rows[0]!.version;
}

/** The shared memory of a server, as it says itself. */
const segmentOf = (data: string) =>
  readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[6]!.trim().split(/\s+/)[1]!;
const inKernel = (segment: string) =>
  readFileSync('/proc/sysvipc/shm', 'utf8')
    .split('\n')
    .some((line) => line.trim().split(/\s+/)[1] === segment);

linux(
  'a whole site comes up: agents, a primary with its synchronous standby, proxies, poolers, names',
  async () => {
    let folder = '';
    await withSite({ poolers: true, proxiesBy: 'laboratory', standbys: 2 }, async (site) => {
      ({ folder } = site.ground);
      for (const host of ['n1', 'n2', 'p1', 'p2', 'p3', 'fa', 'fb', 'et']) {
        expect(await site.agent(host).host.describe({})).toMatchObject({ host, roots: [`${folder}/hosts/${host}`] });
      }
      const standbys = 'select application_name as name, state, sync_state as kind from pg_stat_replication order by 1';
      expect(await site.database('p1').ask(standbys)).toEqual([
        { name: 'p2', state: 'streaming', kind: 'sync' },
        { name: 'p3', state: 'streaming', kind: 'async' },
      ]);
      expect(await site.primary()).toBe('p1');
      const { network, fleet } = site;
      expect(await resolved(network.host('dns').address)).toEqual(
        ['fa', 'fb'].map((host) => network.host(host).address),
      );
      for (const host of ['n1', 'n2', 'fa', 'fb']) {
        expect(await eventually(() => consoleOf(network.host(host).address))).toMatch(/PgBouncer/);
      }
      expect(fleet.endpoints[endpointOfLab]).toMatchObject({ observers: ['fa', 'fb', 'et'], autonomy: 'act' });
      expect(Object.keys(fleet.proxies[pairOfLab]!.nodes)).toEqual(['n1', 'n2']);
    });
    expect(existsSync(folder)).toBe(false);
    expect(readdirSync('/run/netns').filter((name) => name.startsWith(`ek${process.pid}n`))).toEqual([]);
  },
  90_000,
);

linux(
  'clients write through a proxy while its database is killed and comes back: the history is told as it was',
  async () => {
    const used: string[] = [];
    await withSite({ endpoint: false, agents: false, proxiesBy: 'laboratory' }, async (site, endings) => {
      const database = site.database('p1');
      const clients = startWrites(endings, site, byProxy(site, 'n1', 'own'), { queryTimeoutMs: 1_000 });
      await eventually(() => clients.counters!.acknowledged > 20);
      used.push(segmentOf(database.data));
      const faultMs = site.faults.killDatabase('p1');
      await eventually(() => database.processes().length === 0);
      await eventually(() => clients.counters!.unknown > 0);
      await database.start();
      const then = clients.counters!.acknowledged;
      await eventually(() => clients.counters!.acknowledged > then + 20);
      const log = await clients.stop();
      const verdict = judge({ logs: [log], present: await database.contents(), faultMs });
      expect(verdict).toMatchObject({ sound: true, lost: [], twice: [], strange: [], hung: [] });
      expect(verdict.acknowledged).toBe(clients.counters!.acknowledged);
      expect(verdict.gap.fromMs).toBeLessThan(faultMs + 50);
      expect(verdict.gap.over).toBe(true);
      expect(log.attempts.find(({ outcome }) => outcome === 'acknowledged')).toMatchObject({
        ...{ server: site.network.host('p1').address, timeline: 1 },
      });
      used.push(segmentOf(database.data));
      site.faults.killDatabase('p1');
    });
    expect(used.filter(inKernel)).toEqual([]);
  },
  60_000,
);

linux(
  'clients without a timeout hang on a stopped server, are counted, and go on when it does',
  async () => {
    await withSite({ endpoint: false, proxies: false }, async (site, endings) => {
      const clients = startWrites(endings, site, byMember(site, 'p1'), { connections: 4, perSecond: 40 });
      await eventually(() => clients.counters!.acknowledged > 10);
      const faultMs = site.faults.hangDatabase('p1');
      await eventually(() => clients.counters!.waiting === 4 && clients.counters!.oldestMs > 500);
      const seen = judge({ logs: [clients.log()], present: new Map(), faultMs, hungAfterMs: 300 });
      expect(seen.hung.toSorted()).toEqual(['1/1', '1/2', '1/3', '1/4']);
      site.faults.resumeDatabase('p1');
      const then = clients.counters!.acknowledged;
      await eventually(() => clients.counters!.acknowledged > then + 10);
      const log = await clients.stop();
      const verdict = judge({ logs: [log], present: await site.database('p1').contents(), faultMs });
      expect(verdict).toMatchObject({ sound: true, hung: [], failed: 0 });
    });
  },
  60_000,
);

linux(
  'a link that is cut is a gap for its clients alone, and the agent behind it is killed and started again',
  async () => {
    const options = { endpoint: false, agents: false, proxiesBy: 'laboratory', clients: { ca: 'a', cb: 'b' } } as const;
    await withSite(options, async (site, endings) => {
      const timeouts = { queryTimeoutMs: 300, connections: 4 };
      const one = startWrites(endings, site, byProxy(site, 'n1', 'own'), { ...timeouts, from: 'ca' });
      const other = startWrites(endings, site, byProxy(site, 'n2', 'own'), { ...timeouts, from: 'cb' });
      await eventually(() => one.counters!.acknowledged > 10 && other.counters!.acknowledged > 10);
      const faultMs = await site.faults.cut('n1');
      await eventually(() => one.counters!.refused > 4);
      await site.faults.mend();
      const then = one.counters!.acknowledged;
      await eventually(() => one.counters!.acknowledged > then + 10);
      const [log, otherLog] = [await one.stop(), await other.stop()];
      const present = await site.database('p1').contents();
      expect(judge({ logs: [log, otherLog], present, faultMs })).toMatchObject({ sound: true });
      expect(judge({ logs: [otherLog], present, faultMs })).toMatchObject({ unknown: 0, refused: 0 });
      await site.startAgent('n1');
      const { startedAt } = await site.agent('n1').host.describe({});
      site.faults.killAgent('n1');
      await eventually(async () => {
        await site.faults.startAgent('n1');
        return (await site.agent('n1').host.describe({})).startedAt !== startedAt;
      });
    });
  },
  60_000,
);
