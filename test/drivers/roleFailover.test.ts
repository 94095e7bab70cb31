import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf } from '../../src/laboratory/run';
import { Scene } from '../contract/agents';
import { eventually } from '../setup/eventually';
import { endpoint, job, lease, roleScene, run, runAsRoot, type RoleScene } from './roleScene';

const deadlineMs = 10_000;

describe('a primary that fails', () => {
  const scene = new Scene();
  let it: RoleScene;
  let [primary, standby] = ['p1', 'p2'];
  let epoch = 1;
  afterAll(() => scene.close());
  const role = (name: string) => it.roles[name]!;
  const member = (name: string) => it.pair.members[name]!;
  const status = (name: string) => role(name).status({ endpoint, deadlineMs: 300 });
  const change = () => ([primary, standby] = [standby, primary]);

  run('has a synchronous standby', async () => {
    // As PostgreSQL has it: a promotion that is asked for at the wrong moment would sleep for as long.
    it = await roleScene(scene, { settings: { wal_retrieve_retry_interval: '5s' } });
    await eventually(async () => (await status(standby)).receiving);
    expect((await status(standby)).cautions).toEqual([
      expect.stringContaining('wal_retrieve_retry_interval is 5000 ms'),
    ]);
    await member(primary).query('create table kept (id int)');
    await role(primary).setSynchronous({ endpoint, lease: lease(epoch), members: [standby] });
    await eventually(async () => (await status(primary)).synchronous);
  });

  run.each([1, 2, 3])('is killed, and its standby is primary within a moment: %i of 3', async (round) => {
    const asked = { endpoint, lease: lease(++epoch), deadlineMs };
    await member(primary).query(`insert into kept values (${round})`);
    for (const pid of member(primary).pids()) process.kill(pid, 'SIGKILL');
    await role(primary).fence(asked);
    const promoted = await role(standby).promote(asked);
    expect(promoted.tookMs).toBeLessThan(4_000); // less than the five seconds that the race would cost
    const count = await member(standby).query('select count(*)::int as n from kept');
    expect(count).toEqual([{ n: round }]);
    const rejoined = await role(primary).rejoin({ endpoint, lease: asked.lease, primary: standby }, job());
    expect(rejoined.lost?.commits ?? 0).toBe(0);
    expect(await status(primary)).toMatchObject({ state: 'standby', receiving: true, timeline: promoted.timeline });
    change();
    await role(primary).setSynchronous({ endpoint, lease: asked.lease, members: [standby] });
    await eventually(async () => (await status(primary)).standbys?.[0]?.sync === 'quorum');
  });

  run('hangs: it is silent, and killed all the same', async () => {
    const asked = { endpoint, lease: lease(++epoch), deadlineMs };
    for (const pid of member(primary).pids()) process.kill(pid, 'SIGSTOP');
    expect(await status(primary)).toMatchObject({ state: 'silent', postmaster: expect.any(Number) as number });
    const fenced = await role(primary).fence(asked);
    expect(fenced.killed).toBeGreaterThan(3);
    expect(fenced.proof).toHaveLength(4);
    expect(fenced.proof.slice(1)).toEqual([
      `${fenced.killed} processes killed, none works in ${member(primary).data} now`,
      `Nothing listens at ${member(primary).address}:${member(primary).port}, and a connection is refused`,
      'It is kept down until it follows, rejoins or is reinstated',
    ]);
    expect(await status(primary)).toMatchObject({ state: 'fenced' });
    expect(await role(primary).fence(asked)).toMatchObject({ killed: 0 });
  });

  run('is killed again whenever somebody starts it', async () => {
    for (const round of [1, 2]) {
      const before = it.logged.length;
      try {
        member(primary).start();
      } catch {
        // It was killed while pg_ctl waited for it.
      }
      await eventually(() => it.logged.slice(before).some(({ event }) => event.startsWith('somebody started')));
      await eventually(() => member(primary).pids().length === 0);
      expect(round).toBeLessThan(3);
    }
  });

  const isClosed = async (name: string) => {
    const { address, port } = member(name);
    return (await outputOf('nft', 'list', 'table', 'inet', 'evenkeel_fence')).includes(`${address} . ${port}`);
  };

  runAsRoot('has a closed port as long as it is kept down', async () => {
    expect(await isClosed(primary)).toBe(true);
  });

  run('rejoins when its standby has taken over', async () => {
    await role(standby).promote({ endpoint, lease: lease(epoch), deadlineMs });
    await role(primary).rejoin({ endpoint, lease: lease(epoch), primary: standby }, job());
    change();
  });

  runAsRoot('has an open port from then on', async () => {
    expect(await isClosed(standby)).toBe(false);
  });

  run(
    'after a failover with loss: what was acknowledged and lost is counted exactly, kept aside, and rewound',
    async () => {
      const asked = { endpoint, lease: lease(++epoch), deadlineMs };
      await role(primary).setSynchronous({ endpoint, lease: asked.lease, members: [] });
      const client = await member(primary).connect();
      await client.query('begin');
      await client.query('insert into kept values (-1)'); // written before the fork, committed behind it
      await eventually(async () => (await status(primary)).standbys?.[0]?.lagBytes === 0);
      await member(standby).query("alter system set primary_conninfo = ''");
      await member(standby).query('select pg_reload_conf()');
      await eventually(async () => (await status(primary)).standbys?.length === 0);
      await client.query('commit');
      const acknowledged = await writeManyKinds(client);
      await client.end();
      await role(primary).fence(asked);
      await role(standby).promote(asked);
      const lost = await role(primary).lost({ endpoint, primary: standby });
      expect(lost.commits).toBe(1 + acknowledged);
      expect(lost.xids).toHaveLength(1 + acknowledged);
      await expect(role(primary).follow({ ...asked, primary: standby })).rejects.toMatchObject({ code: 'Diverged' });
      const again = { endpoint, lease: asked.lease, primary: standby };
      const killed = job();
      killed.report = ({ note, total }) => {
        if (note === 'rewinding' && total > 0) killRewind(member(primary).data);
      };
      await expect(role(primary).rejoin(again, killed)).rejects.toMatchObject({ code: 'CannotRewind' });
      expect(await status(primary)).toMatchObject({ state: 'fenced' });
      await expect(role(primary).follow({ ...asked, primary: standby })).rejects.toMatchObject({ code: 'Diverged' });
      await expect(role(primary).reinstate(asked)).rejects.toMatchObject({ code: 'NotPrimary' });
      const work = job();
      const rejoined = await role(primary).rejoin(again, work);
      expect(rejoined).toMatchObject({ rewound: true, lost });
      expect(work.reports).not.toHaveLength(0);
      expect(readdirSync(rejoined.keptAt!).filter((name) => /^[0-9A-F]{24}$/.test(name))).not.toHaveLength(0);
      expect(existsSync(join(rejoined.keptAt!, 'lost.json'))).toBe(true);
      expect(await status(primary)).toMatchObject({
        state: 'standby',
        receiving: true,
        follows: member(standby).address,
      });
      expect(await role(primary).rejoin(again, job())).toMatchObject({ rewound: false });
    },
  );
});

/** As a person, or a lack of memory, would end it. */
function killRewind(data: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const file = `/proc/${pid}/cmdline`;
    const words = existsSync(file) ? readFileSync(file, 'utf8').split('\0') : [];
    if (words[0]?.endsWith('/pg_rewind') && words.includes(data)) process.kill(Number(pid), 'SIGKILL');
  }
}

/** Commits of an application, each acknowledged, among much that is none; the answer is how many. */
async function writeManyKinds(client: { query(text: string): Promise<unknown> }): Promise<number> {
  const canary = "select pg_logical_emit_message(true, 'evenkeel', 'canary')";
  for (let i = 0; i < 37; i++) {
    await client.query(`insert into kept values (${100 + i})`);
    await client.query(canary);
  }
  await client.query("select pg_logical_emit_message(true, 'somebody else', 'x')");
  await client.query(`begin; ${canary}; insert into kept values (200); commit`);
  await client.query(`begin; ${canary}; savepoint s; insert into kept values (201); release s; commit`);
  await client.query('begin; insert into kept values (202); rollback');
  await client.query('create table made as select generate_series(1, 20000) as id');
  await client.query('analyze made'); // as autovacuum does: it is nobody's
  await client.query('update kept set id = id where id = 1');
  await client.query('select count(*) from kept');
  return 37 + 1 + 2 + 1 + 1;
}
