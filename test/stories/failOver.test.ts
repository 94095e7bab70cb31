import type { Refusal } from '../../src/contract/errors';
import { databasePort } from '../../src/laboratory/database';
import { endpointOfLab as endpoint } from '../../src/laboratory/failoverFleet';
import { type FailoverScene, story, told } from '../setup/failoverScene';

/** The primary alone fails; its host is well, so that the agent there can prove that it is dead. */
story(
  'clients write again after the primary was killed, nothing that they were told is lost, and a stale run changes nothing',
  {},
  async (scene) => {
    await scene.guard();
    const { run, report, verdict } = await scene.breaks(() => scene.site.faults.killDatabase('p1'));
    expect(told(run)).toMatchInlineSnapshot(`
     [
       "done: Look at orders, its members, forwarders and observers",
       "done: Take orders, so that no other run touches it",
       "done: Close orders on fa and fb, and fence p1",
       "done: Promote p2 on p2",
       "done: Open orders to p2 under epoch 3",
       "done: Free the clients that still wait for p1",
       "done: Verify by a write through fa and fb",
       "done: Count the commits that only p1 has",
       "done: Keep what the observers saw of the writes",
     ]
    `);
    expect(verdict).toMatchObject({ sound: true, hung: [] });
    expect(report).toMatchObject({
      verdict: 'crashed',
      was: 'p1',
      primary: 'p2',
      lossless: true,
      stillHung: 0,
      left: [],
    });

    const { site } = scene;
    const before = await stateOf(scene);
    const [fa, p2] = [site.agent('fa'), site.agent('p2')];
    const stale = { target: endpoint, epoch: report.epoch - 1 };
    const to = { address: site.database('p1').address, port: databasePort };
    const from = report.epoch;
    const refused = async (asked: Promise<unknown>) => asked.catch((error: unknown) => (error as Refusal).code);
    expect(await refused(fa.traffic.close({ endpoint, from, lease: stale, reject: [] }))).toBe('StaleEpoch');
    expect(await refused(fa.traffic.open({ endpoint, lease: stale, to }))).toBe('StaleEpoch');
    expect(await refused(p2.role.promote({ endpoint, lease: stale, deadlineMs: 1_000 }))).toBe('StaleEpoch');
    const moved = { endpoint, from: from - 1, lease: { ...stale, epoch: from + 1 }, reject: [] };
    expect(await refused(fa.traffic.close(moved))).toBe('EpochMoved');
    expect(await stateOf(scene)).toEqual(before);
  },
);

story('clients write again after the primary hung, and those that waited for it are told', {}, async (scene) => {
  await scene.guard();
  const { run, report, verdict } = await scene.breaks(() => scene.site.faults.hangDatabase('p1'));
  expect(told(run)).toMatchInlineSnapshot(`
   [
     "done: Look at orders, its members, forwarders and observers",
     "done: Take orders, so that no other run touches it",
     "done: Close orders on fa and fb, and fence p1",
     "done: Promote p2 on p2",
     "done: Open orders to p2 under epoch 3",
     "done: Free the clients that still wait for p1",
     "done: Verify by a write through fa and fb",
     "done: Count the commits that only p1 has",
     "done: Keep what the observers saw of the writes",
   ]
  `);
  expect(verdict).toMatchObject({ sound: true, hung: [] });
  expect(report).toMatchObject({ verdict: 'hung', was: 'p1', primary: 'p2', lossless: true, stillHung: 0, left: [] });
});

/** The routes in the kernels, and who is what. */
async function stateOf({ site }: FailoverScene): Promise<unknown> {
  const routes = await Promise.all(['fa', 'fb'].map((host) => site.agent(host).traffic.routes({ endpoint })));
  const { state, timeline } = await site.agent('p2').role.status({ endpoint, deadlineMs: 2_000 });
  return { routes, state, timeline };
}
