import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { getPriority } from 'node:os';
import { watch } from '../../src/drivers/watch/watch';
import { fleetOf, Scene } from '../contract/agents';
import { eventually } from '../setup/eventually';
import { needs } from '../setup/needs';
import { ended } from './loadScene';
import { Follower, pairOf, proxy, watching, type Proxy } from './watchScene';

const run = needs('pgbouncer');

describe('a node that watches the proxies of its pair', () => {
  let scene: Scene;
  let a: Proxy;
  let b: Proxy;
  beforeEach(async () => {
    scene = new Scene();
    if (run === test) [a, b] = await Promise.all([proxy(scene, 'a'), proxy(scene, 'b')]);
  });
  afterEach(() => scene.close());

  /** Agents of which none answers: neither that of the other node, nor the part of the own one that moves addresses. */
  const peer = ((_: string, capability: 'watch') => scene.client('http://127.0.0.1:9')[capability]) as never;

  const follow = (more: object = {}) => {
    const parts = watching(scene, { proxies: { web: pairOf({ a, b }, more) }, peer });
    const [own, other] = ['a', 'b'].map((name) => new Follower(parts.watch, 'web', name)) as [Follower, Follower];
    scene.onEnd(() => [own, other].forEach((each) => each.stop()));
    return { ...parts, own, other };
  };

  run('killed it is refused at once, and its own host knows its process', async () => {
    const { own, other } = follow();
    await own.says({ says: 'answers', process: 'runs' });
    await other.says({ says: 'answers' });
    const killed = Date.now();
    await Promise.all([a.stop('SIGKILL'), b.stop('SIGKILL')]);
    const figures = {
      ownGone: await own.says({ process: 'gone' }, killed),
      ownRefused: await own.says({ says: 'refused' }, killed),
      otherRefused: await other.says({ says: 'refused', misses: 2 }, killed),
    };
    tell(figures);
    expect(other.now).not.toHaveProperty('process');
    const started = Date.now();
    await Promise.all([a.start(), b.start()]);
    await own.says({ says: 'answers', process: 'runs', misses: 0 }, started);
    await other.says({ says: 'answers', misses: 0 }, started);
  });

  run('stopped in the middle it is silent, and answers when it goes on', async () => {
    const { own, other } = follow();
    await own.says({ says: 'answers' });
    await other.says({ says: 'answers' });
    const stopped = Date.now();
    b.signal('SIGSTOP');
    tell({ silent: await other.says({ says: 'silent', misses: 2 }, stopped) });
    const went = Date.now();
    b.signal('SIGCONT');
    tell({ back: await other.says({ says: 'late', misses: 0 }, went) });
    await other.says({ says: 'answers' }, went);
    expect(own.seen.filter(({ misses }) => misses >= 2)).toEqual([]);
  });

  run('one whose queue of connections is full cannot be reached', async () => {
    const full = await proxy(scene, 'full', { listen_backlog: 1 });
    b = full;
    full.signal('SIGSTOP');
    const waiting = Array.from({ length: 8 }, () => connect(full.port, '127.0.0.1').on('error', () => {}));
    scene.onEnd(() => waiting.forEach((socket) => socket.destroy()));
    await eventually(() => waiting.filter(({ connecting }) => !connecting).length >= 2);
    const { other } = follow();
    await other.says({ says: 'unreachable', misses: 2 });
    full.signal('SIGCONT');
    for (const socket of waiting) socket.destroy();
    await other.says({ says: 'answers', misses: 0 });
  });

  run('an online restart, which hands the port over, is no death', async () => {
    const { own } = follow({ probe: { misses: 3 } });
    await own.says({ says: 'answers', process: 'runs' });
    await a.restartOnline();
    await eventually(() => own.last && Date.now() - own.last.atMs < 1_000);
    await eventually(() => own.now?.says === 'answers' && own.now.process === 'runs');
    expect(own.seen.filter(({ misses }) => misses >= 3)).toEqual([]);
  });

  run('an observer that is starved raises no alarm, and says how late it is', async () => {
    const { own, other, watch: driver, pid } = follow();
    await own.says({ says: 'answers' });
    await other.says({ says: 'answers' });
    const starved = () => own.last?.starvedMs ?? 999;
    await eventually(() => starved() < 100); // its own start took the processor
    process.kill(pid()!, 'SIGSTOP');
    const stopped = Date.now();
    const blind = await eventually(async () => {
      const { starvedMs } = await driver.look({ target: 'web', after: -1, waitMs: 0 });
      return starvedMs > 500 ? starvedMs : undefined;
    });
    process.kill(pid()!, 'SIGCONT');
    tell({ blindMs: blind, stoppedMs: Date.now() - stopped });
    await eventually(() => starved() < 100);
    for (const { seen } of [own, other]) expect(seen.filter(({ misses }) => misses >= 2)).toEqual([]);
  });

  run('its watcher runs above what it watches, and is started again when it ends', async () => {
    const { own, watch: driver, pid } = follow();
    await own.says({ says: 'answers' });
    const first = pid()!;
    expect(getPriority(first)).toBe(process.getuid?.() === 0 ? -10 : getPriority());
    const { revision, atMs } = await driver.look({ target: 'web', after: -1, waitMs: 0 });
    process.kill(first, 'SIGKILL');
    await eventually(() => pid() !== first && pid() !== undefined);
    const after = await eventually(async () => {
      const view = await driver.look({ target: 'web', after: -1, waitMs: 0 });
      return view.atMs > atMs && view.sights['a']?.says === 'answers' ? view : undefined;
    });
    expect(after.revision).toBeGreaterThanOrEqual(revision);
  });

  run('all processors of the machine taken for a while raise no alarm', async () => {
    const { own, other } = follow();
    await own.says({ says: 'answers' });
    await other.says({ says: 'answers' });
    const script = 'const end = Date.now() + 3000; while (Date.now() < end);';
    const burners = [1, 2, 3, 4].map(() => spawn(process.execPath, ['-e', script], { stdio: 'ignore' }));
    for (const burner of burners) scene.onEnd(() => ended(burner));
    await Promise.all(burners.map((burner) => new Promise((resolve) => burner.once('exit', resolve))));
    const alarms = [own, other].map(({ seen }) => seen.filter(({ misses }) => misses >= 2).length);
    tell({ alarms: Math.max(...alarms), starvedMs: own.last?.starvedMs ?? 0 });
    expect(alarms).toEqual([0, 0]);
  });

  run('an agent offers the same by HTTP, and lets go of whoever waits when it stops', async () => {
    const fleet = fleetOf({ a: 'http://127.0.0.1:0', b: 'http://127.0.0.1:9' });
    fleet.proxies['web'] = pairOf({ a, b });
    const agent = await scene.agent({ fleet, drivers: { watch: async (host) => watch(host) } });
    const { watch: client } = scene.client(agent.url);
    const seen = await eventually(async () => {
      const view = await client.look({ target: 'web', after: -1, waitMs: 0 });
      return Object.keys(view.sights).length === 2 && view;
    });
    expect(seen).toMatchObject({ observer: 'a', sights: { a: { says: 'answers' }, b: { says: 'answers' } } });
    const past = Number.MAX_SAFE_INTEGER;
    const waiting = Promise.all([
      client.look({ target: 'web', after: past, waitMs: 20_000 }),
      client.deeds({ target: 'web', after: 99, waitMs: 20_000 }),
    ]);
    await client.look({ target: 'web', after: past, waitMs: 50 }); // they have arrived by then
    const asked = Date.now();
    await Promise.all([agent.stop(), waiting]);
    expect(Date.now() - asked).toBeLessThan(5_000);
  });

  run('a pair that only observes says once what it would not do, and keeps that over a restart', async () => {
    const stateDir = scene.directory();
    const parts = { proxies: { web: pairOf({ a, b }) }, peer, stateDir };
    const first = watching(scene, parts);
    await eventually(async () => {
      const { sights } = await first.watch.look({ target: 'web', after: -1, waitMs: 0 });
      return sights['a']?.process === 'runs' && sights['b']?.says === 'answers';
    });
    const why = 'its agents only say what they see';
    const asked = first.watch.deeds({ target: 'web', after: 0, waitMs: 10_000 });
    await a.stop('SIGKILL');
    const { deeds } = await asked;
    expect(deeds).toMatchObject([{ number: 1, target: 'web', failed: 'a', outcome: 'refused', acts: [], why }]);
    await first.stop();
    const second = watching(scene, parts);
    expect((await second.watch.deeds({ target: 'web', after: 0, waitMs: 0 })).deeds.slice(0, 1)).toEqual(deeds);
    expect(await second.watch.deeds({ target: 'web', after: 99, waitMs: 50 })).toEqual({ deeds: [] });
    expect(await second.watch.disarm({ target: 'web', lease: { target: 'web', epoch: 1 } })).toEqual({ was: false });
  });
});

const tell = (figures: Record<string, number>): void => void process.stderr.write(`ms: ${JSON.stringify(figures)}\n`);
