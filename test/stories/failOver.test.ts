import { story, told } from '../setup/failoverScene';

/** The primary alone fails; its host is well, so that the agent there can prove that it is dead. */
story(
  'clients write again after the primary was killed, and nothing that they were told is lost',
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
   ]
  `);
  expect(verdict).toMatchObject({ sound: true, hung: [] });
  expect(report).toMatchObject({ verdict: 'hung', was: 'p1', primary: 'p2', lossless: true, stillHung: 0, left: [] });
});
