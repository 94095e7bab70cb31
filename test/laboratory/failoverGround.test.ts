import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Endings } from '../../src/laboratory/endings';
import type { FailoverOptions } from '../../src/laboratory/failoverOptions';
import { FailoverSite } from '../../src/laboratory/failoverSite';
import { byMember, startWrites } from '../../src/laboratory/failoverWrites';
import { judge } from '../../src/laboratory/history';
import { sweepLeftovers } from '../../src/laboratory/leftovers';
import { endpointName, resolved } from '../../src/laboratory/nameServer';
import { inside } from '../../src/laboratory/network';
import { processesIn } from '../../src/laboratory/processes';
import { answerOf } from '../../src/laboratory/run';
import { eventually } from '../setup/eventually';
import { needs } from '../setup/needs';

const linux = needs('root', 'netns', 'ip', 'postgres', 'knotd', 'knsupdate');

async function withSite(options: FailoverOptions, work: (site: FailoverSite, endings: Endings) => Promise<void>) {
  const endings = new Endings();
  const bare = { fsync: false, controlPlane: false, agents: false, endpoint: false, proxies: false };
  try {
    await work(await FailoverSite.open(endings, { ...bare, ...options }), endings);
  } finally {
    await endings.close();
  }
}

/** Zone a is parted, and somebody promotes p2 without fencing p1: clients on both sides write on. */
async function partedAndPromoted(site: FailoverSite, endings: Endings) {
  const wish = { connections: 4, perSecond: 80 };
  const inA = startWrites(endings, site, byMember(site, 'p1'), { ...wish, from: 'ca' });
  await eventually(() => inA.counters!.acknowledged > 20);
  const faultMs = await site.faults.partition('a');
  await site.database('p2').ask('select pg_promote(true)');
  const promotedMs = performance.timeOrigin + performance.now();
  const inB = startWrites(endings, site, byMember(site, 'p2'), { ...wish, from: 'cb' });
  await eventually(() => inB.counters!.acknowledged > 40);
  const logs = [await inA.stop(), await inB.stop()];
  const present = await site.database('p2').contents();
  return judge({ logs, present, faultMs, promotedMs, hungAfterMs: 200 });
}

const parted: FailoverOptions = { standbys: 1, clients: { ca: 'a', cb: 'b' } };

linux(
  'a primary that nobody fenced goes on without its standby, and each write that it takes is found out',
  async () => {
    await withSite({ ...parted, replication: 'asynchronous' }, async (site, endings) => {
      const verdict = await partedAndPromoted(site, endings);
      expect(verdict.sound).toBe(false);
      expect(verdict.acknowledgedByOld.length).toBeGreaterThan(10);
      expect(verdict.lost).toEqual(expect.arrayContaining(verdict.acknowledgedByOld));
      expect(verdict.sentences.join('\n')).toMatch(/acknowledged by an old primary after the promotion/);
    });
  },
  60_000,
);

linux(
  'a primary that waits for its standby acknowledges nothing more: its clients hang, and nothing is lost',
  async () => {
    await withSite({ ...parted, replication: 'synchronous' }, async (site, endings) => {
      const verdict = await partedAndPromoted(site, endings);
      expect(verdict).toMatchObject({ sound: true, lost: [], acknowledgedByOld: [] });
      expect(verdict.hung.toSorted()).toEqual(['1/1', '1/2', '1/3', '1/4']);
      expect(verdict.unknown).toBe(4);
    });
  },
  60_000,
);

linux(
  'the name server takes an update that is signed, and no other',
  async () => {
    const updateKey = { name: 'updates', secret: randomBytes(32).toString('base64') };
    await withSite({ endpoint: true, updateKey }, async ({ network, fleet, ground }) => {
      const server = network.host('dns').address;
      const [fa, fb] = [network.host('fa').address, network.host('fb').address];
      const update = async (...key: string[]) =>
        answerOf(
          [...inside(network.host('cl').namespace), 'knsupdate', ...key],
          `server ${server}\nzone db.test.\nupdate delete ${endpointName}. A ${fa}\nsend\n`,
        );
      await expect(update()).rejects.toThrow(/NOTAUTH/);
      expect(await resolved(server)).toEqual([fa, fb]);
      await update('-y', `hmac-sha256:${updateKey.name}:${updateKey.secret}`);
      expect(await resolved(server)).toEqual([fb]);
      const { secret } = fleet.endpoints['orders']!.dns!.key!;
      expect('file' in secret && readFileSync(secret.file, 'utf8')).toBe(updateKey.secret);
      expect(existsSync(ground.folder)).toBe(true);
    });
  },
  60_000,
);

linux('what a laboratory left that was killed is swept by the next', async () => {
  const owner = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
  const namespace = `ek${owner.pid}n0-left`;
  await answerOf(['ip', 'netns', 'add', namespace]);
  const [program = '', ...args] = [...inside(namespace), 'sleep', '1000'] as string[];
  const inhabitant = spawn(program, args, { stdio: 'ignore' });
  try {
    await eventually(() => processesIn(namespace, 'sleep').length === 1);
    await sweepLeftovers();
    expect(readdirSync('/run/netns')).toContain(namespace);
    const [gone, ended] = [once(owner, 'exit'), once(inhabitant, 'exit')];
    owner.kill('SIGKILL');
    await gone;
    // Another laboratory that opens now may sweep it before us: it is gone all the same.
    await sweepLeftovers();
    await ended;
    await eventually(() => !readdirSync('/run/netns').includes(namespace));
  } finally {
    owner.kill('SIGKILL');
    inhabitant.kill('SIGKILL');
  }
});
