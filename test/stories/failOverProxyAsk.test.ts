import { pairOfLab as pair } from '../../src/laboratory/failoverFleet';
import { guardRun, pairStory as story, proxyRun } from './pairScene';

story(
  'with autonomy ask nothing moves before somebody says yes',
  { proxiesEntry: { autonomy: 'ask' } },
  async (scene) => {
    await scene.guard();
    const mine = await scene.clients('n1');
    const faultMs = scene.site.faults.killProxy('n1');
    const waiting = await scene.seenTo(faultMs, (run) => run.phase === 'waiting for approval');
    expect(waiting.plan!.sentences.map((line) => scene.plain(line))).toMatchInlineSnapshot(`
     [
       "the failover of n1:",
       "the proxy of n1 on n1: n1 says that it is not there (nothing listens), n2 says that it is not there (nothing listens)",
       "n2 takes 10.0.0.201, and serves its clients",
       "its proxy is started where it does not answer, and has its clients when it is well",
     ]
    `);
    expect(await scene.holders('n1')).toEqual(['n1']);
    await scene.operator.decide(proxyRun, { by: 'ann', why: 'go', approved: true });
    const run = await scene.seenTo(faultMs);
    expect(scene.told(run)).toMatchInlineSnapshot(`
     [
       "done: Look at both proxies of proxies",
       "done: Wait for approval of the failover of n1",
       "done: Look at both proxies of proxies again",
       "done: Take proxies/n1, so that no other run touches it",
       "done: Let n1 give up 10.0.0.201",
       "done: Let n2 take 10.0.0.201",
       "done: Verify that n2 serves the clients of n1 at 10.0.0.201",
       "done: Start the proxy of n1 again",
       "done: Wait until the proxy of n1 is well",
       "done: Let n2 give 10.0.0.201 back to n1",
       "done: Verify that n1 serves its clients at 10.0.0.201",
     ]
    `);
    expect(run.report?.result).toMatchObject({ course: 'move', local: [], failedBack: true });
    await scene.answers(mine);
  },
);

story(
  'somebody else moves the address while a run is about to: it goes on from there',
  { proxiesEntry: { autonomy: 'ask' } },
  async (scene) => {
    await scene.guard();
    const { site } = scene;
    const mine = await scene.clients('n1');
    const faultMs = site.faults.killProxy('n1');
    await scene.seenTo(faultMs, (run) => run.phase === 'waiting for approval');
    site.faults.hangAgent('n1');
    await scene.operator.decide(proxyRun, { by: 'ann', why: 'go', approved: true });
    await scene.seenTo(faultMs, ({ steps }) => steps.at(-1)!.what.startsWith('Let n1 give up'));
    const { traffic } = site.agent('n2');
    const known = (await traffic.holders({ pair })).holders.find(({ node }) => node === 'n1')!.epoch;
    await traffic.take({ pair, node: 'n1', from: known, lease: { target: `${pair}/n1`, epoch: known + 1 } });
    await scene.answers(mine);
    site.faults.resumeAgent('n1');
    const run = await scene.seenTo(faultMs);
    expect(scene.told(run).slice(4)).toMatchInlineSnapshot(`
     [
       "done: Let n1 give up 10.0.0.201",
       "done: Let n2 take 10.0.0.201",
       "done: Verify that n2 serves the clients of n1 at 10.0.0.201",
       "done: Start the proxy of n1 again",
       "done: Wait until the proxy of n1 is well",
       "done: Let n2 give 10.0.0.201 back to n1",
       "done: Verify that n1 serves its clients at 10.0.0.201",
     ]
    `);
    expect(run.report?.result).toMatchObject({ course: 'move', by: 'n2', failedBack: true });
    expect(await scene.holders('n1')).toEqual(['n1']);
    await scene.answers(mine);
  },
);

story('with autonomy observe it is only said', { proxiesEntry: { autonomy: 'observe' } }, async (scene) => {
  await scene.bringUp();
  await scene.guard();
  const faultMs = scene.site.faults.killProxy('n1');
  const said = await scene.until(guardRun, (guard) => scene.told(guard).some((line) => line.includes('Say what')));
  expect(scene.told(said).find((line) => line.includes('Say what'))).toMatchInlineSnapshot(
    `"running: Say what would be done about n1, since it only observes: the proxy of n1 does not answer"`,
  );
  const dry = await scene.until(
    `${proxyRun}/dry-run`,
    (run) => Date.parse(run.startedAt) >= faultMs && run.endedAt !== undefined,
  );
  expect(dry.plan!.sentences.map((line) => scene.plain(line)).slice(1)).toMatchInlineSnapshot(`
   [
     "n2 takes 10.0.0.201, and serves its clients",
     "its proxy is started where it does not answer, and has its clients when it is well",
   ]
  `);
  expect(await scene.holders('n1')).toEqual(['n1']);
});
