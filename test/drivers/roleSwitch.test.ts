import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jobContext, Scene } from '../contract/agents';
import { eventually } from '../setup/eventually';
import { endpoint, job, lease, roleScene, run, type RoleScene } from './roleScene';

const deadlineMs = 20_000;

describe('a planned change of roles', () => {
  const scene = new Scene();
  let it: RoleScene;
  let [primary, standby] = ['p1', 'p2'];
  afterAll(() => scene.close());
  const role = (name: string) => it.roles[name]!;
  const status = (name: string) => role(name).status({ endpoint, deadlineMs: 2_000 });

  run('begins with a primary and a standby, each with what it says of itself', async () => {
    it = await roleScene(scene);
    await eventually(async () => (await status('p2')).receiving);
    const [first, second] = [await status('p1'), await status('p2')];
    expect(first).toMatchObject({ member: 'p1', state: 'primary', timeline: 1, synchronous: false });
    expect(first.standbys).toEqual([
      { member: 'p2', sync: 'async', streaming: true, lagBytes: expect.any(Number) as number },
    ]);
    expect(first.cautions).toEqual(['No commit waits for a standby: what a failover loses is up to chance']);
    expect(first.postmaster).toBe(it.p1.pids().find((pid) => pid === first.postmaster));
    expect(second).toMatchObject({
      ...{ member: 'p2', state: 'standby', timeline: 1, receiving: true, follows: it.p1.address, replayPaused: false },
      ...{ systemId: first.systemId, version: first.version, cautions: [] },
    });
    await role('p1').checkpoint({ endpoint });
  });

  run('commits wait for the standbys that are named, and for nobody when none is', async () => {
    const set = await role('p1').setSynchronous({ endpoint, lease: lease(1), members: ['p2', 'odd "name"'] });
    expect(set).toEqual({ setting: 'ANY 1 ("p2", "odd ""name""")' });
    await eventually(async () => (await status('p1')).standbys?.[0]?.sync === 'quorum');
    expect(await status('p1')).toMatchObject({ synchronous: true, cautions: [] });
    await it.p1.query('create role batch; alter role batch in database postgres set synchronous_commit = off');
    expect(await status('p1')).toMatchObject({
      synchronous: false,
      cautions: [
        'synchronous_commit is off for role batch in database postgres: those commits wait for no standby; reset it there, and let its sessions connect anew',
      ],
    });
    await it.p1.query('drop role batch');
    await role('p1').setSynchronous({ endpoint, lease: lease(1), members: ['nobody'] });
    const hang = 'synchronous_standby_names is ANY 1 ("nobody"), and none of them streams: commits hang';
    await eventually(async () => (await status('p1')).cautions.includes(hang));
    expect(await role('p1').setSynchronous({ endpoint, lease: lease(1), members: [] })).toEqual({ setting: '' });
  });

  run('only a standby is promoted, only a primary is demoted, and nobody follows himself', async () => {
    const asked = { endpoint, lease: lease(1), deadlineMs };
    await expect(role('p1').promote(asked)).rejects.toMatchObject({
      code: 'NotStandby',
      message: /is primary, not a standby/,
    });
    await expect(role('p2').demote(asked)).rejects.toMatchObject({
      code: 'NotPrimary',
      message: /is standby, not primary/,
    });
    await expect(role('p1').follow({ ...asked, primary: 'p2' })).rejects.toMatchObject({ code: 'NotStandby' });
    await expect(role('p1').follow({ ...asked, primary: 'p1' })).rejects.toMatchObject({ code: 'BadInput' });
    expect(await role('p1').promote({ ...asked, adopt: true })).toMatchObject({ timeline: 1, asked: 0 });
    const elsewhere = role('p1').status({ endpoint: 'other', deadlineMs });
    await expect(elsewhere).rejects.toMatchObject({ code: 'NoPart' });
  });

  run.each([2, 3])('loses nothing, there and back: under epoch %i', async (epoch) => {
    await it.pair.members[primary]!.query('create table if not exists kept (id int)');
    await it.pair.members[primary]!.query('insert into kept select generate_series(1, 1000)');
    const asked = { endpoint, lease: lease(epoch), deadlineMs };
    await role(primary).checkpoint({ endpoint });
    if (epoch === 3) await it.pair.members[standby]!.query('select pg_wal_replay_pause()');
    const demoted = await role(primary).demote(asked);
    expect(await status(primary)).toMatchObject({ state: 'fenced' });
    expect((await status(standby)).lsn).toBe(demoted.lsn);
    expect((await role(primary).demote(asked)).lsn).toBe(demoted.lsn);
    const promoted = await role(standby).promote(asked);
    expect(promoted.timeline).toBe(demoted.timeline + 1);
    expect(await role(standby).promote(asked)).toMatchObject({ timeline: promoted.timeline, asked: 0 });
    expect(await role(primary).lost({ endpoint, primary: standby })).toMatchObject({
      commits: 0,
      forkLsn: demoted.lsn,
    });
    const follows = await role(primary).follow({ ...asked, primary: standby });
    expect(follows).toMatchObject({ state: 'standby', receiving: true, timeline: promoted.timeline, cautions: [] });
    [primary, standby] = [standby, primary];
    await it.pair.members[primary]!.query('insert into kept values (0)');
    const count = async () =>
      Number((await it.pair.members[standby]!.query('select count(*) as n from kept'))[0]!['n']);
    await eventually(async () => (await count()) === (epoch - 1) * 1001);
  });

  run('what was demoted stays down whoever starts it, and can be reinstated', async () => {
    const asked = { endpoint, lease: lease(4), deadlineMs };
    await role(primary).demote(asked);
    const member = it.pair.members[primary]!;
    try {
      member.start();
    } catch {
      // It was killed while pg_ctl waited for it.
    }
    await eventually(() => member.pids().length === 0);
    await eventually(() => it.logged.some(({ event }) => event.startsWith('somebody started what is kept down')));
    expect(await status(primary)).toMatchObject({ state: 'fenced' });
    expect(await role(primary).reinstate(asked)).toMatchObject({ state: 'primary' });
    await eventually(async () => (await status(standby)).receiving);
    const late = { code: 'OrderUndone', message: /undone meanwhile under the same epoch/ };
    await expect(role(primary).fence(asked)).rejects.toMatchObject(late);
    await expect(role(primary).demote(asked)).rejects.toMatchObject(late);
    expect(await status(primary)).toMatchObject({ state: 'primary' });
  });

  run('a stop that something holds up is told in time; what was begun is undone by a start', async () => {
    const asked = { endpoint, lease: lease(5), deadlineMs: 700 };
    const client = await it.pair.members[primary]!.connect();
    const { pid } = (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!;
    process.kill(pid, 'SIGSTOP');
    await expect(role(primary).demote(asked)).rejects.toMatchObject({ code: 'NotStopped', message: /still stopping/ });
    expect(await status(primary)).toMatchObject({ state: 'fenced' });
    expect(it.pair.members[primary]!.pids()).toContain(pid);
    expect(await role(primary).reinstate({ ...asked, deadlineMs: 6_000 })).toMatchObject({ state: 'primary' });
    await eventually(async () => (await status(standby)).receiving);
  });

  run('a standby that has more than the new primary does not follow it, and is rewound', async () => {
    const asked = { endpoint, lease: lease(6), deadlineMs };
    const [ahead, behind] = [it.pair.members[primary]!, it.pair.members[standby]!];
    await behind.query("alter system set primary_conninfo = ''");
    await behind.query('select pg_reload_conf()');
    await eventually(async () => (await status(primary)).standbys?.length === 0);
    await ahead.query('insert into kept values (7), (8)');
    await role(primary).demote(asked);
    writeFileSync(join(ahead.data, 'standby.signal'), '');
    ahead.start(); // by a person, and as a standby: that is let be
    await role(standby).promote(asked);
    const follow = role(primary).follow({ ...asked, primary: standby, deadlineMs: 4_000 });
    await expect(follow).rejects.toMatchObject({ code: 'Diverged' });
    const stop = new AbortController();
    const stopped = jobContext('a job', stop.signal);
    stopped.report = ({ note }) => note === 'rewinding' && stop.abort(new Error('stopped in the middle'));
    const again = { endpoint, lease: asked.lease, primary: standby };
    await expect(role(primary).rejoin(again, stopped)).rejects.toThrow('stopped in the middle');
    expect(await status(primary)).toMatchObject({ state: 'fenced' });
    const rejoined = await role(primary).rejoin(again, job());
    expect(rejoined).toMatchObject({ rewound: true, lost: { commits: 1 } });
    expect(await status(primary)).toMatchObject({ state: 'standby', receiving: true });
  });
});
