import type { RunView } from '../../src/api/views';
import { endpointOfLab as endpoint } from '../../src/laboratory/failoverFleet';
import type { FailoverScene } from '../setup/failoverScene';
import { plain, resultOf, story, told } from '../setup/failoverScene';

const id = `fail-over-endpoint/${endpoint}`;
const dryRun = (scene: FailoverScene) =>
  scene.evenkeel('run', 'fail-over-endpoint', '--endpoint', endpoint, '--dry-run');
/** What a terminal shows, without what differs from run to run. */
const screen = (text: string): string =>
  plain(text)
    .replaceAll(/.*▶.*\n/g, '') // told only where it takes long enough
    .replaceAll(/\d\d:\d\d:\d\d/g, 'HH:MM:SS')
    .replaceAll(/started by \S+/g, 'started by SOMEBODY')
    .replaceAll(/Plan [0-9a-f]{16}/g, 'Plan DIGEST')
    .replaceAll(/http:\S+/g, 'LINK');

story(
  'with autonomy observe it is only said what would be done, and the command line says it too',
  { endpointEntry: { autonomy: 'observe' } },
  async (scene) => {
    for (const by of ['fa', 'fb']) {
      await scene.start('replace-forwarder', { by });
      await scene.until(
        'replace-forwarder',
        (run) => run.endedAt !== undefined && told(run).some((line) => line.includes(by)),
      );
    }
    await scene.guard();
    const well = await dryRun(scene);
    expect(well.status).not.toBe(0);
    expect(screen(well.out + well.err)).toMatchInlineSnapshot(`
     "HH:MM:SS Fail orders over (fail-over-endpoint/orders/dry-run), started by SOMEBODY
     HH:MM:SS ✔ Look at orders, its members, forwarders and observers
     Failed after N s: p1 answers 3 of 3 observers of orders. Next: use \`evenkeel run switch-over-endpoint\`, which loses nothing; with --force it is failed over all the same.
     LINK
     "
    `);
    const before = await scene.epochs();
    scene.site.faults.killDatabase('p1');
    const guard = await scene.until('guard-endpoint', ({ steps }) => steps.at(-1)!.what.includes('gone: crashed'));
    expect(told(guard)).toMatchInlineSnapshot(`
     [
       "done: Look at orders, its members, forwarders and observers",
       "done: Watch p1, primary of orders: healthy",
       "done: Say what would be done about orders, since it only observes",
       "done: Look at orders, its members, forwarders and observers",
       "running: Watch p1, primary of orders: gone: crashed",
     ]
    `);
    const planned = await dryRun(scene);
    expect([planned.status, planned.err]).toEqual([0, '']);
    expect(screen(planned.out)).toMatchInlineSnapshot(`
     "HH:MM:SS Fail orders over (fail-over-endpoint/orders/dry-run), started by SOMEBODY
     HH:MM:SS Plan DIGEST:
                p1 is crashed: N of 3 observers miss it
                fa (zone a): down, refused since N requests (nothing listens)
                fb (zone b): down, refused since N requests (nothing listens)
                et (zone c): down, refused since N requests (nothing listens)
                2 of 3 are needed
                p2 on p2 becomes the primary of orders: it is the only one that can; it received up to LSN, and commits waited for it
                nothing that was acknowledged is lost: every commit waited for a standby, and the furthest of them is known
                fa and fb forward to it, under one new epoch
                p1 is fenced first, and rejoins by \`evenkeel run rejoin-standby\`
     HH:MM:SS ✔ Look at orders, its members, forwarders and observers
     Nothing was touched: this was a dry run.
     "
    `);
    expect(await scene.epochs()).toEqual(before);
  },
);

story('with autonomy ask nothing moves before the yes', { endpointEntry: { autonomy: 'ask' } }, async (scene) => {
  const { site } = scene;
  await scene.guard();
  await scene.writes();
  const before = await scene.epochs();
  const faultMs = await site.faults.cut('p1');
  const asking = await scene.until('fail-over-endpoint', ({ phase }) => phase === 'waiting for approval');
  expect(told(asking)).toMatchInlineSnapshot(`
   [
     "done: Look at orders, its members, forwarders and observers",
     "done: Take orders, so that no other run touches it",
     "running: Wait for approval of the failover of orders",
   ]
  `);
  expect(await scene.epochs()).toEqual(before);
  expect(await site.agent('p2').role.status({ endpoint, deadlineMs: 2_000 })).toMatchObject({ state: 'standby' });
  const said = await scene.evenkeel('approve', id, '--plan', asking.plan!.digest);
  expect([said.status, said.err]).toEqual([0, '']);
  const run = await scene.ended('fail-over-endpoint');
  // Clients wait: nobody waits for the host that is lost.
  expect(tookMs(run, 'Look at orders again')).toBeLessThan(1_500);
  expect(told(run).filter((line) => !line.startsWith('failed: Count the commits that only p1 has')))
    .toMatchInlineSnapshot(`
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
     "done: Keep what the observers saw of the writes",
   ]
  `);
  expect(await scene.judged(resultOf(run).primary, faultMs)).toMatchObject({ sound: true, lost: [] });
});

story(
  'somebody promotes the standby while a failover waits for a yes: the plan is another one, and that one stays the primary',
  { endpointEntry: { autonomy: 'ask' } },
  async (scene) => {
    const { site } = scene;
    await scene.guard();
    await scene.writes();
    const faultMs = site.faults.killDatabase('p1');
    const before = await scene.until('fail-over-endpoint', ({ phase }) => phase === 'waiting for approval');
    await site.database('p2').ask('select pg_promote()');
    const asking = await scene.until('fail-over-endpoint', ({ plan }) => plan!.digest !== before.plan!.digest);
    expect(asking.plan!.sentences.map(plain)).toMatchInlineSnapshot(`
     [
       "the failover of orders:",
       "p1 is crashed: N of 3 observers miss it",
       "fa (zone a): down, refused since N requests (nothing listens)",
       "fb (zone b): down, refused since N requests (nothing listens)",
       "et (zone c): down, refused since N requests (nothing listens)",
       "2 of 3 are needed",
       "p2 on p2 is a primary already, on timeline 2: somebody promoted it, and it stays the primary of orders",
       "commits may be lost: nobody knows how many",
       "fa and fb forward to it, under one new epoch",
       "somebody must say yes: somebody promoted p2, and nobody knows how much of what was committed it lacks",
       "p1 is fenced first, and rejoins by \`evenkeel run rejoin-standby\`",
     ]
    `);
    const late = await scene.evenkeel('approve', id, '--plan', before.plan!.digest);
    expect(late.err).toContain('the plan now is');
    const said = await scene.evenkeel('approve', id, '--plan', asking.plan!.digest);
    expect([said.status, said.err]).toEqual([0, '']);
    const run = await scene.ended('fail-over-endpoint');
    expect(told(run)).toMatchInlineSnapshot(`
     [
       "done: Look at orders, its members, forwarders and observers",
       "done: Take orders, so that no other run touches it",
       "done: Wait for approval of the failover of orders",
       "done: Look at orders again",
       "done: Look at orders again",
       "done: Close orders on fa and fb, and fence p1",
       "done: Keep p2 on p2 as the primary",
       "done: Open orders to p2 under epoch 3",
       "done: Free the clients that still wait for p1",
       "done: Verify by a write through fa and fb",
       "done: Count the commits that only p1 has",
       "done: Keep what the observers saw of the writes",
     ]
    `);
    expect(resultOf(run)).toMatchObject({ primary: 'p2', lossless: false });
    expect(await scene.judged('p2', faultMs)).toMatchObject({ sound: true, lost: [] });
  },
);

story(
  'somebody promotes the one of two standbys that was not chosen, after the forwarders were closed: it is asked about, and stays',
  { standbys: 2 },
  async (scene) => {
    const { site } = scene;
    await promotedPast(scene);
    await scene.operator.decide(id, yes);
    const run = await scene.ended('fail-over-endpoint');
    expect(told(run).slice(2)).toMatchInlineSnapshot(`
     [
       "done: Close orders on fa and fb, and fence p1",
       "done: Wait for approval of a promotion although p1 is not proven dead: the agent of p1 does not answer at its address: no answer within N s; and it may go on to acknowledge commits, since they need not wait for the standby that is promoted",
       "done: Wait for approval of p3 as the primary, which somebody promoted meanwhile: nobody knows what it lacks that p2 may have",
       "done: Keep p3 on p3 as the primary",
       "done: Open orders to p3 under epoch 3",
       "done: Free the clients that still wait for p1",
       "done: Verify by a write through fa and fb",
       "done: Let p2 follow p3",
       "done: Let commits on p3 wait for one of p2",
       "failed: Count the commits that only p1 has (the agent of p1 does not answer at https://NET.11:7443: no connection within N s. Next: look at the host, or start its agent; the run goes on by itself when it answers.)",
       "done: Keep what the observers saw of the writes",
     ]
    `);
    expect(resultOf(run)).toMatchObject({ primary: 'p3', lossless: false });
    expect(await site.agent('p2').role.status({ endpoint, deadlineMs: 2_000 })).toMatchObject({ state: 'standby' });
  },
);

story(
  'whom somebody promoted dies before the forwarders lead to it: the run holds, and who skips it gives it up for the next one',
  { standbys: 2 },
  async (scene) => {
    const { site } = scene;
    await promotedPast(scene);
    site.faults.killDatabase('p3');
    await scene.operator.decide(id, yes);
    const held = await scene.until('fail-over-endpoint', ({ phase }) => phase === 'held');
    expect(told(held).at(-1)).toMatch(/^held: Keep p3 on p3 as the primary/);
    await scene.operator.answer(id, { do: 'skip', by: 'ann', why: 'its disk is gone' });
    await scene.until('fail-over-endpoint', (run) => told(run).includes('done: Verify by a write through fa and fb'));
    expect(await site.primary()).toBe('p2');
  },
);

story(
  'a question that waits for a yes lapses when the primary is well again, and its guard watches on',
  { endpointEntry: { autonomy: 'ask' } },
  async (scene) => {
    const { site } = scene;
    await scene.guard();
    const before = await scene.epochs();
    site.faults.hangDatabase('p1');
    await scene.until('fail-over-endpoint', ({ phase }) => phase === 'waiting for approval');
    site.faults.resumeDatabase('p1');
    const { failure } = await scene.ended('fail-over-endpoint', 60_000);
    expect(failure).toMatchObject({ code: 'StillAlive' });
    await scene.until('guard-endpoint', ({ steps }) => steps.at(-1)!.what === 'Watch p1, primary of orders: healthy');
    expect(await scene.epochs()).toEqual(before);
    expect(await site.primary()).toBe('p1');
  },
);

function tookMs({ steps }: RunView, step: string): number {
  const { startedAt = '', endedAt = '' } = steps.find(({ what }) => what === step) ?? {};
  return Date.parse(endedAt) - Date.parse(startedAt);
}

const yes = { approved: true, by: 'ann', why: 'go' };

/** The forwarders are closed, p1 is not proven dead, and somebody promotes p3 while the run asks about that: it asks about p3 too. */
async function promotedPast(scene: FailoverScene): Promise<void> {
  const { site } = scene;
  await site.database('p1').ask(`alter system set synchronous_standby_names = 'ANY 1 (p2, p3)'`);
  await site.database('p1').ask('select pg_reload_conf()');
  await scene.guard();
  await scene.writes();
  await site.faults.cut('p1');
  const waits = (what: string) =>
    scene.until('fail-over-endpoint', ({ steps }) => steps.at(-1)!.what.startsWith(`Wait for approval of ${what}`));
  await waits('a promotion although p1 is not proven dead');
  await site.database('p3').ask('select pg_promote()');
  await scene.operator.decide(id, yes);
  await waits('p3 as the primary');
}
