import { story, told } from '../setup/failoverScene';

/** The host of the primary is out of reach: nothing can be proven, and synchronous replication is what makes it safe. */
story('clients write again after the node of the primary was lost', {}, async (scene) => {
  await scene.guard();
  const { run, report, verdict } = await scene.breaks(() => scene.site.faults.linkDown('p1'));
  expect(told(run)).toMatchInlineSnapshot(`
   [
     "done: Look at orders, its members, forwarders and observers",
     "done: Take orders, so that no other run touches it",
     "done: Close orders on fa and fb, and fence p1",
     "done: Promote p2 on p2",
     "done: Open orders to p2 under epoch 3",
     "done: Free the clients that still wait for p1",
     "done: Verify by a write through fa and fb",
     "failed: Count the commits that only p1 has (the agent of p1 does not answer at https://NET.11:7443: no connection within 3 s. Next: look at the host, or start its agent; the run goes on by itself when it answers.)",
   ]
  `);
  expect(verdict).toMatchObject({ sound: true, hung: [] });
  expect(report).toMatchObject({ verdict: 'host lost', primary: 'p2', lossless: true, stillHung: 0, left: [] });
});

story('clients write again after the zone of the primary was cut off with a forwarder in it', {}, async (scene) => {
  await scene.guard();
  // Whoever waits for an answer through the forwarder that is cut off hears nothing of anybody: only an own deadline helps.
  const { run, report, verdict } = await scene.breaks(() => scene.site.faults.partition('a'), { patient: false });
  expect(told(run)).toMatchInlineSnapshot(`
   [
     "done: Look at orders, its members, forwarders and observers",
     "done: Take orders, so that no other run touches it",
     "done: Close orders on fb, and fence p1",
     "done: Promote p2 on p2",
     "done: Open orders to p2 under epoch 3",
     "done: Free the clients that still wait for p1",
     "done: Verify by a write through fb",
     "done: Take fa out of ep.db.test, since it did not answer",
     "failed: Count the commits that only p1 has (the agent of p1 does not answer at https://NET.11:7443: no connection within 3 s. Next: look at the host, or start its agent; the run goes on by itself when it answers.)",
   ]
  `);
  expect(verdict).toMatchObject({ sound: true, hung: [], acknowledgedByOld: [] });
  expect(report).toMatchObject({ verdict: 'host lost', primary: 'p2', lossless: true, left: ['fa'] });
});
