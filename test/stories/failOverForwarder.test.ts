import type { Output } from '../../src/contract/runbooks';
import { endpointOfLab as endpoint } from '../../src/laboratory/failoverFleet';
import { resultOf, story, told } from '../setup/failoverScene';

story(
  'a forwarder that does not answer is left out and leaves the name; the guard lets it forward and join again',
  {},
  async (scene) => {
    const { site } = scene;
    await scene.guard();
    site.faults.killAgent('fa');
    const { run, report, verdict } = await scene.breaks(() => site.faults.killDatabase('p1'));
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
     "done: Count the commits that only p1 has",
     "done: Keep what the observers saw of the writes",
   ]
  `);
    expect(report).toMatchObject({ primary: 'p2', left: ['fa'], stillHung: 0 });
    expect(verdict).toMatchObject({ sound: true });
    const named = async () => (await site.agent('fb').traffic.resolve({ endpoint })).addresses;
    expect(await named()).toEqual([site.network.host('fb').address]);

    // It still sends to p1, and nobody need ask: its guard sees to it.
    const sinceMs = Date.now();
    await site.faults.startAgent('fa');
    const back = await scene.until(
      'replace-forwarder',
      (one) => one.endedAt !== undefined && Date.parse(one.startedAt) > sinceMs,
      60_000,
    );
    expect(told(back)).toMatchInlineSnapshot(`
   [
     "done: Look at orders, its members, forwarders and observers",
     "done: Take orders, so that no other run touches it",
     "done: Open orders on fa to p2 under epoch 4",
     "done: Free the clients that still wait for p1",
     "done: Verify by a write through fa",
     "done: Let fa join ep.db.test",
     "done: Look at what ep.db.test says now",
   ]
  `);
    expect(back.report!.result as Output<'replaceForwarder'>).toMatchObject({ joined: 'fa' });
    expect((await named()).toSorted()).toEqual(['fa', 'fb'].map((host) => site.network.host(host).address).toSorted());
    const { fa, fb } = await scene.epochs();
    expect(fa).toBeGreaterThan(fb!);
  },
);

story('the DNS server is down: the failover goes through, and says what it could not do', {}, async (scene) => {
  const { site } = scene;
  await scene.guard();
  await scene.writes({ to: 'fb' });
  site.faults.killAgent('fa');
  await site.faults.cut('dns');
  const faultMs = site.faults.killDatabase('p1');
  const run = await scene.ended('fail-over-endpoint');
  expect(told(run)).toMatchInlineSnapshot(`
   [
     "done: Look at orders, its members, forwarders and observers",
     "done: Take orders, so that no other run touches it",
     "done: Close orders on fb, and fence p1",
     "done: Promote p2 on p2",
     "done: Open orders to p2 under epoch 3",
     "done: Free the clients that still wait for p1",
     "done: Verify by a write through fb",
     "failed: Take fa out of ep.db.test, since it did not answer (the DNS server NET.16:53 does not answer: nothing came within N s. Next: it is asked again by itself; clients keep the addresses that they have.)",
     "done: Count the commits that only p1 has",
     "done: Keep what the observers saw of the writes",
   ]
  `);
  expect(resultOf(run)).toMatchObject({ primary: 'p2', left: ['fa'] });
  expect(await scene.judged('p2', faultMs)).toMatchObject({ sound: true, hung: [] });
});
