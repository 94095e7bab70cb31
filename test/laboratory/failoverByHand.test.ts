import { Endings } from '../../src/laboratory/endings';
import { endpointOfLab, pairOfLab } from '../../src/laboratory/failoverFleet';
import type { FailoverOptions } from '../../src/laboratory/failoverOptions';
import { FailoverSite } from '../../src/laboratory/failoverSite';
import { byEndpoint, byProxy, startWrites } from '../../src/laboratory/failoverWrites';
import { judge } from '../../src/laboratory/history';
import { eventually } from '../setup/eventually';
import { needs } from '../setup/needs';

const linux = needs('root', 'netns', 'ip', 'nft', 'postgres', 'pgbouncer', 'knotd');

async function withSite(options: FailoverOptions, work: (site: FailoverSite, endings: Endings) => Promise<void>) {
  const endings = new Endings();
  try {
    await work(await FailoverSite.open(endings, { fsync: false, controlPlane: false, ...options }), endings);
  } finally {
    await endings.close();
  }
}

const endpoint = endpointOfLab;
const lease = (epoch: number) => ({ target: endpoint, epoch });
const port = 5432;

linux(
  'clients of the DNS name reach the primary through the forwarders, and the standby after it was promoted by hand',
  async () => {
    await withSite({ proxies: false }, async (site, endings) => {
      const forwarders = ['fa', 'fb'].map((host) => site.agent(host).traffic);
      const to = (member: string) => ({ address: site.network.host(member).address, port });
      for (const traffic of forwarders) await traffic.open({ endpoint, lease: lease(1), to: to('p1') });
      const clients = startWrites(endings, site, byEndpoint(site), { queryTimeoutMs: 1_000 });
      await eventually(() => clients.counters!.acknowledged > 50);
      const faultMs = site.faults.killDatabase('p1');
      const reject = [to('p1').address];
      const closed = forwarders.map((traffic) => traffic.close({ endpoint, from: 1, lease: lease(2), reject }));
      await Promise.all([...closed, site.agent('p1').role.fence({ endpoint, lease: lease(2), deadlineMs: 5_000 })]);
      const { timeline } = await site.agent('p2').role.promote({ endpoint, lease: lease(2), deadlineMs: 10_000 });
      const promotedMs = performance.timeOrigin + performance.now();
      await site.agent('p2').role.setSynchronous({ endpoint, lease: lease(2), members: [] });
      await Promise.all(forwarders.map((traffic) => traffic.open({ endpoint, lease: lease(2), to: to('p2') })));
      await eventually(() => clients.counters!.timeline === timeline);
      const then = clients.counters!.acknowledged;
      await eventually(() => clients.counters!.acknowledged > then + 50);
      const log = await clients.stop();
      const verdict = judge({ logs: [log], present: await site.database('p2').contents(), faultMs, promotedMs });
      expect(verdict).toMatchObject({ sound: true, lost: [], acknowledgedByOld: [], hung: [] });
      expect(verdict.gap.over).toBe(true);
      expect(await site.primary()).toBe('p2');
    });
  },
  90_000,
);

linux(
  'the agents of the nodes start their proxies and take their addresses, and clients write through them',
  async () => {
    await withSite({ endpoint: false }, async (site, endings) => {
      for (const node of ['n1', 'n2']) {
        const held = { target: pairOfLab, epoch: 1 };
        const { traffic } = site.agent(node);
        expect(await traffic.take({ pair: pairOfLab, node, from: 0, lease: held })).toMatchObject({ node, held: true });
        await traffic.startProxy({ pair: pairOfLab, deadlineMs: 5_000 });
        const clients = startWrites(endings, site, byProxy(site, node), { connections: 4, perSecond: 40 });
        await eventually(() => clients.counters!.acknowledged > 20);
        await clients.stop();
      }
    });
  },
  60_000,
);
