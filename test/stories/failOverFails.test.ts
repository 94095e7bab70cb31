import { chmodSync } from 'node:fs';
import { endpointOfLab as endpoint } from '../../src/laboratory/failoverFleet';
import type { FailoverSite } from '../../src/laboratory/failoverSite';
import { eventually } from '../setup/eventually';
import { plain, resultOf, story, told } from '../setup/failoverScene';

/** A server that is to be promoted writes a file into its data directory: as on a full disk, it cannot. */
function cannotBePromoted(site: FailoverSite, member: string): void {
  chmodSync(site.database(member).data, 0o500);
}

story(
  'a standby that cannot be promoted is passed over, and the next one is asked for, since it lacks writes',
  { standbys: 2 },
  async (scene) => {
    const { site } = scene;
    await site.database('p1').ask(`alter system set synchronous_standby_names = 'ANY 1 (p2, p3)'`);
    await site.database('p1').ask('select pg_reload_conf()');
    await scene.guard();
    await scene.writes();
    await site.faults.cut('p3');
    await scene.goOn(50);
    await scene.rest();
    const had = await site.database('p1').contents();
    cannotBePromoted(site, 'p2');
    site.faults.killDatabase('p1');
    await site.faults.mend('p3');
    const asking = await scene.until('fail-over-endpoint', ({ phase }) => phase === 'waiting for approval');
    expect(plain(asking.plan!.sentences.join('\n')).replaceAll(/^(\w+) \(zone .*$/gm, '$1 votes'))
      .toMatchInlineSnapshot(`
     "the promotion of p3, which lacks N bytes of WAL that p2 has:
     p1 is crashed: N of 3 observers miss it
     fa votes
     fb votes
     et votes
     2 of 3 are needed
     p2 on p2 becomes the primary of orders: it received the most, up to LSN, and commits waited for it
     if that fails, p3 (received up to LSN)
     nothing that was acknowledged is lost: every commit waited for a standby, and the furthest of them is known
     fa and fb forward to it, under one new epoch
     p1 is fenced first, and rejoins by \`evenkeel run rejoin-standby\`"
    `);
    await scene.operator.decide(`fail-over-endpoint/${endpoint}`, {
      approved: true,
      by: 'ann',
      why: 'better than nothing',
    });
    const run = await scene.ended('fail-over-endpoint');
    expect(told(run)).toMatchInlineSnapshot(`
     [
       "done: Look at orders, its members, forwarders and observers",
       "done: Take orders, so that no other run touches it",
       "done: Close orders on fa and fb, and fence p1",
       "failed: Promote p2 on p2 (p2 refused to be promoted: could not create file "promote": Permission denied. Next: look at the rights of its user.)",
       "done: Wait for approval of the promotion of p3, which lacks N bytes of WAL that p2 has",
       "done: Promote p3 on p3",
       "done: Open orders to p3 under epoch 3",
       "done: Free the clients that still wait for p1",
       "done: Verify by a write through fa and fb",
       "failed: Let p2 follow p3 (p2 on p2 has WAL that p3 lacks. Next: run \`evenkeel run rejoin-standby\`: it keeps that WAL aside, then rewinds.)",
       "done: Count the commits that only p1 has",
       "done: Keep what the observers saw of the writes",
     ]
    `);
    const has = await site.database('p3').contents();
    const lost = [...had.keys()].filter((write) => !has.has(write));
    expect(resultOf(run)).toMatchObject({
      primary: 'p3',
      lossless: false,
      stillHung: 0,
      lost: { commits: lost.length },
    });
    const { lost: acknowledged, ...others } = await scene.judged('p3');
    expect(lost).toEqual(expect.arrayContaining(acknowledged));
    expect(others).toMatchObject({ twice: [], risen: [], strange: [], acknowledgedByOld: [] });
  },
);

story(
  'nobody can be promoted and the old primary still runs: the endpoint is opened to it again',
  {},
  async (scene) => {
    const { site } = scene;
    await scene.guard();
    await scene.writes({ patient: false });
    cannotBePromoted(site, 'p2');
    await site.faults.cut('p1');
    await scene.until('fail-over-endpoint', ({ steps }) => steps.some(({ what }) => what.startsWith('Undo')));
    await site.faults.mend('p1');
    const run = await scene.ended('fail-over-endpoint');
    expect(told(run)).toMatchInlineSnapshot(`
     [
       "done: Look at orders, its members, forwarders and observers",
       "done: Take orders, so that no other run touches it",
       "undone: Close orders on fa and fb, and fence p1",
       "failed: Promote p2 on p2 (p2 refused to be promoted: could not create file "promote": Permission denied. Next: look at the rights of its user.)",
       "done: Undo: Close orders on fa and fb, and fence p1",
     ]
    `);
    expect(run.failure?.message).toMatchInlineSnapshot(
      `"no member of orders can take over: p2: p2 refused to be promoted: could not create file "promote": Permission denied. Next: look at the rights of its user. Next: bring a standby back, or let the old primary start again."`,
    );
    const open = { state: 'open', to: { address: site.database('p1').address } };
    const routes = await Promise.all(['fa', 'fb'].map((host) => site.agent(host).traffic.routes({ endpoint })));
    expect(routes).toMatchObject([open, open]);
    await eventually(async () => (await site.primary()) === 'p1');
  },
);
