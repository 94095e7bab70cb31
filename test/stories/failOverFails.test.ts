import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { endpointOfLab as endpoint } from '../../src/laboratory/failoverFleet';
import type { FailoverSite } from '../../src/laboratory/failoverSite';
import { resultOf, story, told } from '../setup/failoverScene';

/** A server that is to be promoted writes a file into its data directory: as on a full disk, it cannot. */
function cannotBePromoted(site: FailoverSite, member: string): void {
  mkdirSync(join(site.database(member).data, 'promote'));
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
    await scene.until('fail-over-endpoint', ({ phase }) => phase === 'waiting for approval');
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
       "done: Wait for approval of the failover of orders",
       "done: Look at orders again",
       "done: Close orders on fa and fb, and fence p1",
       "done: Promote p3 on p3",
       "done: Open orders to p3 under epoch 3",
       "done: Free the clients that still wait for p1",
       "done: Verify by a write through fa and fb",
       "done: Count the commits that only p1 has",
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
       "failed: Promote p2 on p2 (p2 on p2 is not primary after N s: could not create file "promote": Is a directory. Next: the next candidate is asked by itself; look into the log of its server.)",
       "done: Undo: Close orders on fa and fb, and fence p1",
     ]
    `);
    expect(run.failure?.message).toMatchInlineSnapshot(
      `"no member of orders can take over: p2: p2 on p2 is not primary after 0.0 s: could not create file "promote": Is a directory. Next: the next candidate is asked by itself; look into the log of its server. Next: bring a standby back, or let the old primary start again."`,
    );
    const open = { state: 'open', to: { address: site.database('p1').address } };
    const routes = await Promise.all(['fa', 'fb'].map((host) => site.agent(host).traffic.routes({ endpoint })));
    expect(routes).toMatchObject([open, open]);
    expect(await site.primary()).toBe('p1');
  },
);
