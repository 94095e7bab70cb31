import type { RunView } from '../../src/api/views';
import { endpointOfLab as endpoint } from '../../src/laboratory/failoverFleet';
import { eventually } from '../setup/eventually';
import { resultOf, type FailoverScene, story, told } from '../setup/failoverScene';

/** A guard that was alarmed by a link that flapped has used an epoch, and moved nothing; a lost host is silent in several ways. */
const toldOf = (run: RunView): string[] =>
  told(run).map((line) =>
    line
      .replace(/under epoch \d+/, 'under epoch N')
      .replace(/\(the agent of p1 does not answer .*\)/, '(the agent of p1 does not answer)'),
  );

/** The host of the primary is out of reach: nothing can be proven, and synchronous replication is what makes it safe. */
story('clients write again after the node of the primary was lost, and not when its link flaps', {}, async (scene) => {
  await scene.guard();
  await flaps(scene);
  const { run, report, verdict } = await scene.breaks(() => scene.site.faults.linkDown('p1'));
  expect(toldOf(run)).toMatchInlineSnapshot(`
   [
     "done: Look at orders, its members, forwarders and observers",
     "done: Take orders, so that no other run touches it",
     "done: Close orders on fa and fb, and fence p1",
     "done: Promote p2 on p2",
     "done: Open orders to p2 under epoch N",
     "done: Free the clients that still wait for p1",
     "done: Verify by a write through fa and fb",
     "failed: Count the commits that only p1 has (the agent of p1 does not answer)",
     "done: Keep what the observers saw of the writes",
   ]
  `);
  expect(verdict).toMatchObject({ sound: true, hung: [] });
  expect(report).toMatchObject({ verdict: 'host lost', primary: 'p2', lossless: true, stillHung: 0, left: [] });
  const after = await scene.epochs();

  // The host comes back as after a loss of power: its agent looks around before anything of it serves.
  const { site } = scene;
  site.faults.killDatabase('p1');
  site.faults.killAgent('p1');
  await site.faults.mend('p1');
  await site.faults.startAgent('p1');
  // Somebody starts it: nothing reaches its port, it is killed again, and whoever waits for it to answer waits in vain.
  const waits = site.database('p1').start();
  waits.catch(() => undefined);
  await eventually(async () => {
    const { state, postmaster } = await site.agent('p1').role.status({ endpoint, deadlineMs: 2_000 });
    return state === 'fenced' && postmaster === undefined;
  });
  expect(await scene.epochs()).toEqual(after);
});

story('clients write again after the zone of the primary was cut off with a forwarder in it', {}, async (scene) => {
  await scene.guard();
  // Whoever waits for an answer through the forwarder that is cut off hears nothing of anybody while that lasts.
  await scene.writes({ patient: 'fa' });
  const { faults } = scene.site;
  const faultMs = await faults.partition('a');
  const since = (runbook: string, ms: number) =>
    scene.until(runbook, (one) => one.endedAt !== undefined && Date.parse(one.startedAt) > ms, 60_000);
  const run = await since('fail-over-endpoint', faultMs);
  expect(toldOf(run)).toMatchInlineSnapshot(`
   [
     "done: Look at orders, its members, forwarders and observers",
     "done: Take orders, so that no other run touches it",
     "done: Close orders on fb, and fence p1",
     "done: Promote p2 on p2",
     "done: Open orders to p2 under epoch N",
     "done: Free the clients that still wait for p1",
     "done: Verify by a write through fb",
     "done: Take fa out of ep.db.test, since it did not answer",
     "failed: Count the commits that only p1 has (the agent of p1 does not answer)",
     "done: Keep what the observers saw of the writes",
   ]
  `);
  expect(resultOf(run)).toMatchObject({ verdict: 'host lost', primary: 'p2', lossless: true, left: ['fa'] });

  const back = await since('replace-forwarder', await faults.mend());
  expect(toldOf(back)).toMatchInlineSnapshot(`
   [
     "done: Look at orders, its members, forwarders and observers",
     "done: Take orders, so that no other run touches it",
     "done: Open orders on fa to p2 under epoch N",
     "done: Free the clients that still wait for p1",
     "done: Verify by a write through fa",
     "done: Let fa join ep.db.test",
     "done: Look at what ep.db.test says now",
   ]
  `);
  // It ran on all the time; its own agent hears from the forwarders that it was replaced.
  const { site } = scene;
  const oldState = async () => (await site.agent('p1').role.status({ endpoint, deadlineMs: 2_000 })).state;
  await eventually(async () => (await oldState()) === 'fenced', { timeoutMs: 60_000 });
  expect(back.report!.result).toMatchObject({ joined: 'fa', stillHung: 0 });
  expect(await scene.judged('p2', faultMs)).toMatchObject({ sound: true, acknowledgedByOld: [] });
  // The run freed who waited through it for p1; or that agent was faster, and nobody was left to be freed.
  const waiting = scene.logs.flatMap(({ attempts }) => attempts.filter(({ endMs }) => endMs === undefined));
  expect(waiting.filter(({ beginMs }) => beginMs < Date.parse(back.endedAt!))).toEqual([]);
});

/** Nothing but the proof of a host is enough here, and this one can give none. */
story(
  'the power of a lost host is cut where the fleet file wants proof',
  { powerOff: true, endpointEntry: { fence: 'host' } },
  async (scene) => {
    await scene.guard();
    const { site } = scene;
    const { run, report, verdict } = await scene.breaks(() => site.faults.cut('p1'));
    expect(toldOf(run)).toMatchInlineSnapshot(`
     [
       "done: Look at orders, its members, forwarders and observers",
       "done: Take orders, so that no other run touches it",
       "done: Close orders on fa and fb, and fence p1",
       "done: Promote p2 on p2",
       "done: Open orders to p2 under epoch N",
       "done: Free the clients that still wait for p1",
       "done: Verify by a write through fa and fb",
       "failed: Count the commits that only p1 has (the agent of p1 does not answer)",
       "done: Keep what the observers saw of the writes",
     ]
    `);
    expect(verdict).toMatchObject({ sound: true, hung: [] });
    expect(report).toMatchObject({ verdict: 'host lost', primary: 'p2', lossless: true, stillHung: 0, left: [] });
    expect(report.fence).toEqual([expect.stringMatching(/^`sh` on (fa|fb|et) has cut the power of p1$/)]);
    await site.faults.mend('p1');
    await expect(site.database('p1').ask('select 1')).rejects.toThrow();
  },
);

/** The link of the primary is gone for a tenth of a second, now and then: nobody fails over for that. */
async function flaps(scene: FailoverScene): Promise<void> {
  const { site } = scene;
  const before = await scene.epochs();
  const seenWell = async (host: string) => {
    const { sights } = await site.agent(host).watch.look({ target: endpoint, after: -1, waitMs: 0 });
    return sights['p1']?.says === 'answers';
  };
  for (let times = 0; times < 5; times++) {
    const cutMs = await site.faults.cut('p1');
    await eventually(() => Date.now() - cutMs >= 100, { everyMs: 5 });
    await site.faults.mend('p1');
    for (const host of ['fa', 'fb', 'et']) await eventually(() => seenWell(host));
  }
  expect(await scene.epochs()).toEqual(before);
  expect(await site.primary()).toBe('p1');
}
