import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import type { Sight } from '../../src/contract/sights';
import { postgresBin } from '../../src/stack/machine';
import { Scene } from '../contract/agents';
import { eventually } from '../setup/eventually';
import { needs } from '../setup/needs';
import { endpointOf, Follower, member, watching, type Server } from './watchScene';

const run = needs('postgres');

describe('an observer of databases', () => {
  const shared = new Scene();
  let scene: Scene;
  let p1: Server;
  beforeAll(async () => {
    if (run === test) p1 = await member(shared, 'p1', { settings: { max_connections: 12 } });
  });
  beforeEach(async () => {
    scene = new Scene();
    await p1?.start();
  });
  afterEach(() => scene.close());
  afterAll(() => shared.close());

  const follow = (servers: Record<string, Server>, own: string[] = [], probe: object = {}) => {
    const parts = watching(scene, { endpoints: { orders: endpointOf(servers, own, probe) } });
    const follower = (name: string) => {
      const follows = new Follower(parts.watch, 'orders', name);
      scene.onEnd(() => follows.stop());
      return follows;
    };
    return { ...parts, follower };
  };

  run('says who is primary, writes to it and not to the standby, which hears of it', async () => {
    const p2 = await member(scene, 'p2', { follows: p1 });
    const { watch, follower } = follow({ p1, p2 }, ['p2']);
    const [first, second] = [follower('p1'), follower('p2')];
    await first.says({ says: 'answers', role: 'primary' });
    await second.says({ says: 'answers', role: 'standby', process: 'runs', receiving: true });
    expect(await messagesIn(p1)).toBeGreaterThan(0);
    const { server, timeline } = await watch.write({
      target: 'orders',
      ...{ address: '127.0.0.1', port: p1.port, deadlineMs: 5_000 },
    });
    expect({ server, timeline }).toEqual({ server: '127.0.0.1', timeline: 1 });
    const toStandby = { target: 'orders', address: '127.0.0.1', port: p2.port, deadlineMs: 5_000 };
    await expect(watch.write(toStandby)).rejects.toMatchObject({ code: 'WriteFailed' });
    await expect(watch.look({ target: 'bills', after: -1, waitMs: 0 })).rejects.toMatchObject({ code: 'NoPart' });

    await p1.stop('SIGKILL');
    await second.says({ receiving: false });
    const promoted = Date.now();
    const client = await p2.connect();
    await client.query('select pg_promote(false)');
    await client.end();
    await second.says({ role: 'primary' }, promoted);
    const track = () => watch.track({ target: 'orders', fromMs: 0, toMs: Date.now() });
    const wrote = await eventually(async () => {
      const { wrote: told } = await track();
      return told['p1'] && told['p2'] ? { p1: told['p1'], p2: told['p2'] } : undefined;
    });
    expect(Math.max(...wrote.p1)).toBeLessThan(Math.min(...wrote.p2));
    expect((await watch.track({ target: 'orders', fromMs: 0, toMs: 1 })).wrote).toEqual({});
    expect(second.seen.map(({ says }) => says)).not.toContain('silent');
  });

  run('a commit that waits for a standby which is gone does not make the primary look dead', async () => {
    const alone = await member(scene, 'alone', { settings: { synchronous_standby_names: 'nobody' } });
    const { watch, follower } = follow({ p1: alone });
    const first = follower('p1');
    await first.says({ says: 'answers', role: 'primary' });
    const stuck = { target: 'orders', address: '127.0.0.1', port: alone.port, deadlineMs: 500 };
    await expect(watch.write(stuck)).rejects.toThrow('nothing came within 500 ms');
    expect(first.now).toMatchObject({ says: 'answers', misses: 0 });
  });

  run('sees where a commit need not wait for standbys, whoever lowered synchronous_commit', async () => {
    const names = { synchronous_standby_names: 'ANY 1 (nobody, nothing)' };
    const alone = await member(scene, 'alone', { settings: names });
    const { follower } = follow({ p1: alone });
    const first = follower('p1');
    const client = await alone.connect();
    const waits = async (need: number, ...after: string[]) => {
      for (const sql of ['set synchronous_commit = local', ...after]) await client.query(sql);
      await eventually(() => first.now?.good?.need === need);
    };
    const read = 'select pg_reload_conf()';
    await waits(1);
    await waits(0, 'alter system set synchronous_commit = local', read);
    await waits(1, 'alter system reset synchronous_commit', read);
    await waits(0, "create role batch; alter role batch set synchronous_commit = 'OFF'");
    await waits(1, 'alter role batch reset synchronous_commit');
    await waits(1, 'alter role batch set synchronous_commit = remote_apply');
    await waits(0, 'alter database template1 set synchronous_commit = off');
    await client.end();
    expect(first.seen.map(({ says, misses }) => `${says} ${misses}`)).toEqual(['answers 0']);
  });

  run('counts a standby that is named and away among those that a commit may have waited for', async () => {
    const settings = { wal_retrieve_retry_interval: '100ms' };
    const alone = await member(scene, 'alone', { settings });
    await member(scene, 'p2', { follows: alone, settings });
    const { follower } = follow({ p1: alone });
    const first = follower('p1');
    const client = await alone.connect();
    const named = async (names: string, expected: Partial<NonNullable<Sight['good']>>) => {
      await client.query(`alter system set synchronous_standby_names = '${names}'`);
      await client.query('select pg_reload_conf()');
      await eventually(() => {
        expect(first.now?.good).toMatchObject(expected);
        return true;
      });
    };
    await named('ANY 1 (P2, away)', { waitsFor: ['p2', 'away'], need: 1 });
    await named('*', { waitsFor: ['p2'], need: 1, anyone: true });
    await named('', { waitsFor: [], need: 0 });
    await client.end();
  });

  run('killed it is refused, and its process is gone; started again it answers', async () => {
    const { follower } = follow({ p1 }, ['p1']);
    const first = follower('p1');
    await first.says({ says: 'answers', process: 'runs' });
    const killed = Date.now();
    await p1.stop('SIGKILL');
    const gone = await first.says({ process: 'gone' }, killed);
    const refused = await first.says({ says: 'refused', misses: 2 }, killed);
    await p1.start();
    const back = await first.says({ says: 'answers', process: 'runs', misses: 0 }, killed);
    tell({ gone, refused, back });
    expect(first.now).toMatchObject({ role: 'primary' });
  });

  run('elsewhere, killed it is refused by its canary alone, long before a probe is due', async () => {
    const { follower } = follow({ p1 }, [], { every: '5s', deadline: '4s' });
    const first = follower('p1');
    await first.says({ says: 'answers' });
    const killed = Date.now();
    await p1.stop('SIGKILL');
    tell({ refusedElsewhere: await first.says({ says: 'refused', misses: 2 }, killed) });
    expect(Date.now() - killed).toBeLessThan(4_000);
  });

  run('stopped in the middle it is silent, holds two connections at most, and answers when it goes on', async () => {
    const { follower } = follow({ p1 });
    const first = follower('p1');
    await first.says({ says: 'answers' });
    const stopped = Date.now();
    const all = p1.all();
    for (const pid of all) process.kill(pid, 'SIGSTOP');
    const goOn = () => all.forEach((pid) => process.kill(pid, 'SIGCONT'));
    scene.onEnd(() => first.now?.says === 'silent' && goOn());
    const silent = await first.says({ says: 'silent', misses: 2 }, stopped);
    await eventually(() => (first.now?.misses ?? 0) > 8);
    expect(connectionsTo(p1.port)).toBeLessThanOrEqual(2);
    const went = Date.now();
    goOn();
    const back = await first.says({ misses: 0 }, went);
    tell({ silent, back });
    await first.says({ says: 'answers' }, went);
  });

  run('connections that an administrator ends are no miss', async () => {
    const { follower } = follow({ p1 });
    const first = follower('p1');
    await first.says({ says: 'answers' });
    const client = await p1.connect();
    const end =
      "select count(pg_terminate_backend(pid)) as ended from pg_stat_activity where application_name = 'evenkeel watch'";
    for (let times = 0; times < 20; times++) await client.query(end);
    await eventually(async () => {
      const { rows } = await client.query("select from pg_stat_activity where application_name = 'evenkeel watch'");
      return rows.length === 1;
    });
    await client.end();
    expect(first.seen.map(({ says, misses }) => `${says} ${misses}`)).toEqual(['answers 0']);
  });

  run('one that has no connection left, or takes none yet, is failing, which is not dead', async () => {
    const p3 = await member(scene, 'p3', { follows: p1, settings: { hot_standby: 'off' } });
    const clients = await fill(p1);
    const { follower } = follow({ p1, p3 });
    const [first, third] = [follower('p1'), follower('p3')];
    await first.says({ says: 'failing', misses: 0 });
    expect(first.now?.why).toMatch(/too many clients|remaining connection slots/);
    await third.says({ says: 'failing', misses: 0 });
    expect(third.now?.why).toMatch(/hot standby mode is disabled|not accepting connections|starting up/);
    await Promise.all(clients.map((client) => client.end()));
    await first.says({ says: 'answers' });
    expect([...new Set(first.seen.map(({ says }) => says))]).toEqual(['failing', 'answers']);
  });

  run('a password that was changed is read anew', async () => {
    const { follower } = follow({ p1 });
    const first = follower('p1');
    await first.says({ says: 'answers' });
    const client = await p1.connect();
    await client.query("alter role evenkeel password 'another-one'");
    await client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'evenkeel watch'",
    );
    await first.says({ says: 'failing', misses: 0 });
    const changed = Date.now();
    writeFileSync(p1.passwordFile, 'another-one');
    tell({ reread: await first.says({ says: 'answers' }, changed) });
    await client.end();
  });
});

/** Takes every connection that a server has. */
async function fill(server: Server): Promise<Client[]> {
  const clients: Client[] = [];
  for (;;) {
    const client = await server.connect().catch(() => undefined);
    if (!client) return clients;
    clients.push(client);
  }
}

/** How many of our messages a server's WAL has. */
async function messagesIn(server: Server): Promise<number> {
  const client = await server.connect();
  const { rows } = await client.query<{ segment: string }>(
    'select pg_walfile_name(pg_current_wal_flush_lsn()) as segment',
  );
  await client.end();
  const file = join(server.data, 'pg_wal', rows[0]!.segment);
  const dump = join(postgresBin() ?? '', 'pg_waldump');
  const text = execFileSync('sh', ['-c', `${dump} --rmgr=LogicalMessage ${file} 2>/dev/null || true`], {
    encoding: 'utf8',
  });
  return text.match(/prefix "evenkeel"/g)?.length ?? 0;
}

/** Established connections to a port of this machine, counted at the side of whoever opened them. */
function connectionsTo(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const rows = execFileSync('cat', ['/proc/net/tcp'], { encoding: 'utf8' }).split('\n');
  return rows.filter((row) => new RegExp(`^ *\\d+: \\S+ \\S+:${hex} 01 `).test(row)).length;
}

const tell = (figures: Record<string, number>): void => void process.stderr.write(`ms: ${JSON.stringify(figures)}\n`);
