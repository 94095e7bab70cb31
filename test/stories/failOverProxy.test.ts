import { pairOfLab as pair } from '../../src/laboratory/failoverFleet';
import { eventually } from '../setup/eventually';
import { guardRun, pairStory as story } from './pairScene';

/** The agent of n1 is not waited for: where the machine is busy, n2 takes the address before n1 says that it has none. */
const mayBeLate = (line: string): string =>
  line.replace('did not give 10.0.0.201 up: no answer within N ms', 'gave 10.0.0.201 up');

story(
  'a proxy is killed: the other one answers its clients at once, and they go back when it is well',
  {},
  async (scene) => {
    const guard = await scene.guard();
    expect(scene.told(guard).slice(0, 3)).toMatchInlineSnapshot(`
     [
       "done: Look at both proxies of proxies",
       "done: See to n1: nobody has the address of n1",
       "done: See to n2: nobody has the address of n2",
     ]
    `);
    const { run, report, verdict, others } = await scene.breaks(() => scene.site.faults.killProxy('n1'));
    expect(scene.told(run)).toMatchInlineSnapshot(`
     [
       "done: Look at both proxies of proxies",
       "done: Take proxies/n1, so that no other run touches it",
       "done: Verify that n2 serves the clients of n1 at 10.0.0.201",
       "done: Start the proxy of n1 again",
       "done: Wait until the proxy of n1 is well",
       "done: Let n2 give 10.0.0.201 back to n1",
       "done: Verify that n1 serves its clients at 10.0.0.201",
     ]
    `);
    expect(run.plan!.sentences.map((line) => mayBeLate(scene.plain(line))).slice(1)).toMatchInlineSnapshot(`
     [
       "n2 serves its clients at 10.0.0.201 already",
       "n1 on n1: its proxy is refused and the other one answers (after N ms)",
       "n1 gave 10.0.0.201 up (after N ms)",
       "n2 took 10.0.0.201 (after N ms)",
       "its proxy is started where it does not answer, and has its clients when it is well",
     ]
    `);
    expect(report).toMatchObject({ pair, node: 'n1', by: 'n2', course: 'away', failedBack: true });
    expect(report.local.map(({ what }) => mayBeLate(scene.plain(what))).slice(1)).toEqual([
      'n1 gave 10.0.0.201 up',
      'n2 took 10.0.0.201',
    ]);
    expect(verdict).toMatchObject({ sound: true, hung: [], gap: { over: true } });
    expect(others).toMatchObject({ sound: true, failed: 0, unknown: 0, refused: 0 });
  },
);

story('a proxy hangs: it is killed and started again while the other one answers', {}, async (scene) => {
  await scene.guard();
  const { run, report, verdict, others } = await scene.breaks(() => scene.site.faults.hangProxy('n1'));
  expect(scene.told(run)).toMatchInlineSnapshot(`
   [
     "done: Look at both proxies of proxies",
     "done: Take proxies/n1, so that no other run touches it",
     "done: Verify that n2 serves the clients of n1 at 10.0.0.201",
     "done: Start the proxy of n1 again",
     "done: Wait until the proxy of n1 is well",
     "done: Let n2 give 10.0.0.201 back to n1",
     "done: Verify that n1 serves its clients at 10.0.0.201",
   ]
  `);
  expect(report).toMatchObject({ by: 'n2', course: 'away', failedBack: true });
  expect(verdict).toMatchObject({ sound: true, hung: [] });
  expect(others).toMatchObject({ failed: 0, unknown: 0, refused: 0 });
});

story(
  'a host loses its link: the other one answers, and afterwards only one of both has the address',
  {},
  async (scene) => {
    await scene.guard();
    const { faults } = scene.site;
    const { run, report, verdict, others } = await scene.breaks(
      () => faults.linkDown('n1'),
      async () => {
        expect(await scene.site.agent('n2').traffic.holders({ pair })).toMatchObject({
          holders: [{ held: true }, { held: true }],
        });
        return faults.mend('n1');
      },
    );
    expect(scene.told(run)).toMatchInlineSnapshot(`
     [
       "done: Look at both proxies of proxies",
       "done: Take proxies/n1, so that no other run touches it",
       "done: Verify that n2 serves the clients of n1 at 10.0.0.201",
       "done: Start the proxy of n1 again",
       "done: Wait until the proxy of n1 is well",
       "done: Let n2 give 10.0.0.201 back to n1",
       "done: Verify that n1 serves its clients at 10.0.0.201",
     ]
    `);
    expect(report).toMatchObject({ by: 'n2', course: 'away', failedBack: true });
    expect(verdict).toMatchObject({ sound: true, hung: [] });
    expect(others).toMatchObject({ failed: 0, unknown: 0, refused: 0 });
  },
);

story(
  'the agent dies with its proxy: the other one takes the address, and a stale run cannot take it back',
  {},
  async (scene) => {
    await scene.guard();
    const { faults } = scene.site;
    const mine = await scene.clients('n1');
    faults.killAgent('n1');
    const faultMs = faults.killProxy('n1');
    await eventually(() => scene.holds('n2', 'n1'));
    await scene.answers(mine);
    await faults.startAgent('n1');
    const run = await scene.seenTo(faultMs);
    const [, ...steps] = scene.told(run);
    expect(steps.at(-1)).toBe('done: Verify that n1 serves its clients at 10.0.0.201');
    expect(await scene.holders('n1')).toEqual(['n1']);
    const stale = { pair, node: 'n1', lease: { target: `${pair}/n1`, epoch: 1 } };
    for (const at of ['n1', 'n2']) {
      const { traffic } = scene.site.agent(at);
      await expect(traffic.take({ ...stale, from: 0 })).rejects.toMatchObject({ code: 'StaleEpoch' });
      await expect(traffic.release(stale)).rejects.toMatchObject({ code: 'StaleEpoch' });
    }
    await scene.answers(mine);
  },
);

story('a proxy that dies again within the cool-down is started where it is', {}, async (scene) => {
  await scene.guard();
  await scene.seenTo(scene.site.faults.killProxy('n1'));
  const again = await scene.seenTo(scene.site.faults.killProxy('n1'));
  expect(scene.told(again)).toMatchInlineSnapshot(`
   [
     "done: Look at both proxies of proxies",
     "done: Take proxies/n1, so that no other run touches it",
     "done: Start the proxy of n1 where it does not run",
     "done: Verify that n1 serves its clients at 10.0.0.201",
   ]
  `);
  expect(again.plan!.sentences.map((line) => scene.plain(line)).slice(1)).toMatchInlineSnapshot(`
   [
     "10.0.0.201 stays with n1: n1 failed over N ms ago, and its cool-down is 10 min",
     "its proxy is started where it does not answer, and has its clients when it is well",
   ]
  `);
  expect(again.report?.result).toMatchObject({ course: 'stay', by: 'n1', failedBack: false });
  expect(await scene.holders('n1')).toEqual(['n1']);
  await scene.answers(await scene.clients('n1'));
});

story(
  'both proxies hang: nothing moves, since there is nowhere to go, and it is said',
  { proxiesBy: 'laboratory' },
  async (scene) => {
    await scene.guard();
    // Of two that are killed one after the other, the first may have moved to the second meanwhile.
    scene.site.faults.hangProxy('n2');
    const faultMs = scene.site.faults.hangProxy('n1');
    const deed = await eventually(async () => {
      const { deeds } = await scene.site.agent('n1').watch.deeds({ target: pair, after: 0, waitMs: 0 });
      return deeds.find(({ failed, outcome, atMs }) => failed === 'n1' && outcome === 'refused' && atMs >= faultMs);
    });
    expect(deed.why).toBe('there is nowhere to go: the other proxy is silent');
    const run = await scene.seenTo(faultMs);
    expect(run.failure?.message).toMatch(/^the proxy of n[12] on n[12] does not answer/);
  },
);

story('the worker is killed in the middle, and another one goes on', {}, async (scene) => {
  await scene.guard();
  const mine = await scene.clients('n1');
  const faultMs = scene.site.faults.killProxy('n1');
  await scene.seenTo(faultMs, (run) => run.steps.some(({ what }) => what.startsWith('Wait until')));
  await scene.site.stack.kill('worker', 'SIGKILL');
  await scene.site.stack.restart('worker');
  const run = await scene.seenTo(faultMs);
  expect(run.phase).toBe('done');
  expect(await scene.holders('n1')).toEqual(['n1']);
  await scene.answers(mine);
});

story('the proxy that took over dies too, and its clients go home at once', {}, async (scene) => {
  await scene.guard();
  await scene.operator.pause(guardRun, { by: 'ann', why: 'to see what the agents do alone' });
  const mine = await scene.clients('n1');
  scene.site.faults.killProxy('n1');
  await eventually(async () => (await scene.holders('n1')).join() === 'n2');
  await scene.answers(mine);
  await scene.site.agent('n1').traffic.startProxy({ pair, deadlineMs: 5_000 });
  await eventually(
    async () =>
      (await scene.site.agent('n2').watch.look({ target: pair, after: -1, waitMs: 0 })).sights['n1']?.says ===
      'answers',
  );
  scene.site.faults.killProxy('n2');
  await scene.answers(mine);
  await eventually(async () => (await scene.holders('n1')).join() === 'n1');
  await eventually(async () => (await scene.holders('n2')).join() === 'n1');
});

story('somebody flushes the rules of both hosts: their agents know the epoch from their disks', {}, async (scene) => {
  await scene.guard();
  await scene.operator.pause(guardRun, { by: 'ann', why: 'to see what the agents do alone' });
  const [mine, theirs] = [await scene.clients('n1'), await scene.clients('n2', 'own')];
  const lease = { target: `${pair}/n1`, epoch: 7 };
  await scene.site.agent('n1').traffic.take({ pair, node: 'n1', from: 1, lease });
  await scene.site.agent('n2').traffic.release({ pair, node: 'n1', lease });
  for (const host of ['n1', 'n2']) await scene.site.faults.flush(host);
  const faultMs = scene.site.faults.killProxy('n1');
  await eventually(async () => (await scene.holders('n1')).join() === 'n2');
  await scene.answers(mine);
  const { verdict } = await scene.judge(faultMs, await mine.stop(), await theirs.stop());
  expect(verdict).toMatchObject({ sound: true, hung: [] });
});
