import { endpointOfLab as endpoint } from '../../src/laboratory/failoverFleet';
import type { Output } from '../../src/contract/runbooks';
import { plain, resultOf, story, told } from '../setup/failoverScene';

const id = `fail-over-endpoint/${endpoint}`;
const yes = { approved: true, by: 'ann', why: 'we can live with that' };

story(
  'a loss that nobody allowed is asked for and counted exactly; the old primary rejoins, and a second failover asks first',
  { replication: 'asynchronous' },
  async (scene) => {
    const { site, operator } = scene;
    await scene.guard();
    await scene.writes();
    await site.faults.cut('p2');
    await scene.goOn(150);
    await scene.rest();
    const had = await site.database('p1').contents();
    site.faults.killDatabase('p1');
    await site.faults.mend('p2');
    const asking = await scene.until('fail-over-endpoint', ({ phase }) => phase === 'waiting for approval');
    expect(plain(asking.plan!.sentences.join('\n'))).toMatchInlineSnapshot(`
     "the failover of orders:
     p1 is crashed: N of 3 observers miss it
     fa (zone a): down, refused since N requests (nothing listens)
     fb (zone b): down, refused since N requests (nothing listens)
     et (zone c): down, refused since N requests (nothing listens)
     2 of 3 are needed
     p2 on p2 becomes the primary of orders: it is the only one that can; it received up to LSN, and no commit waited for it
     commits may be lost: N bytes of WAL at the most that is known
     fa and fb forward to it, under one new epoch
     somebody must say yes: p2 lacks N bytes of WAL, and N bytes may be lost unasked
     p1 is fenced first, and rejoins by \`evenkeel run rejoin-standby\`"
    `);
    await operator.decide(id, yes);
    const first = await scene.ended('fail-over-endpoint');
    expect(told(first)).toMatchInlineSnapshot(`
     [
       "done: Look at orders, its members, forwarders and observers",
       "done: Take orders, so that no other run touches it",
       "done: Wait for approval of the failover of orders",
       "done: Look at orders again",
       "done: Close orders on fa and fb, and fence p1",
       "done: Promote p2 on p2",
       "done: Open orders to p2 under epoch 3",
       "done: Free the clients that still wait for p1",
       "done: Verify by a write through fa and fb",
       "done: Count the commits that only p1 has",
       "done: Keep what the observers saw of the writes",
     ]
    `);
    const report = resultOf(first);
    const has = await site.database('p2').contents();
    const lost = [...had.keys()].filter((write) => !has.has(write));
    expect(lost.length).toBeGreaterThan(100);
    expect(report).toMatchObject({ primary: 'p2', lossless: false, lost: { commits: lost.length } });
    const verdict = await scene.judged('p2');
    expect(verdict).toMatchObject({ twice: [], risen: [], strange: [], acknowledgedByOld: [] });
    expect(lost).toEqual(expect.arrayContaining(verdict.lost));

    await scene.watched('p2');
    await scene.start('rejoin-standby', { member: 'p1' });
    const rejoined = await scene.ended('rejoin-standby');
    expect(told(rejoined)).toMatchInlineSnapshot(`
     [
       "done: Look at orders, its members, forwarders and observers",
       "done: Take orders, so that no other run touches it",
       "done: Fence p1, so that nobody starts it meanwhile",
       "done: Rewind p1 as far as it diverged, and let it follow p2",
       "done: Let commits on p2 wait for one of p1",
     ]
    `);
    expect(rejoined.report!.result as Output<'rejoinStandby'>).toMatchObject({
      rewound: true,
      lost: { commits: lost.length },
      synchronous: expect.stringContaining('p1'),
    });
    const [sync] = await site.database('p2').ask('select sync_state from pg_stat_replication');
    expect(sync).toEqual({ sync_state: 'quorum' });

    await scene.writes();
    const faultMs = site.faults.killDatabase('p2');
    const again = await scene.until('guard-endpoint', ({ steps }) =>
      steps.some(({ what, state }) => state === 'running' && what.includes('and ask first')),
    );
    expect(
      told(again)
        .at(-1)!
        .replace(/\d+(\.\d+)? s ago/, 'N s ago'),
    ).toMatchInlineSnapshot(
      `"running: Fail orders over, and ask first: it failed over N s ago: p2 is crashed: N of 3 observers miss it"`,
    );
    await scene.until('fail-over-endpoint', ({ phase }) => phase === 'waiting for approval');
    await operator.decide(id, yes);
    const second = await scene.ended('fail-over-endpoint');
    expect(told(second)).toMatchInlineSnapshot(`
     [
       "done: Look at orders, its members, forwarders and observers",
       "done: Take orders, so that no other run touches it",
       "done: Wait for approval of the failover of orders",
       "done: Look at orders again",
       "done: Close orders on fa and fb, and fence p2",
       "done: Promote p1 on p1",
       "done: Open orders to p1 under epoch 5",
       "done: Free the clients that still wait for p2",
       "done: Verify by a write through fa and fb",
       "done: Count the commits that only p2 has",
       "done: Keep what the observers saw of the writes",
     ]
    `);
    expect(resultOf(second)).toMatchObject({ was: 'p2', primary: 'p1', lossless: true });
    const end = await scene.judged('p1', faultMs);
    expect(end).toMatchObject({
      hung: [],
      lost: verdict.lost,
      twice: [],
      risen: [],
      strange: [],
      acknowledgedByOld: [],
    });
  },
  180_000,
);
