import { pairOfLab as pair } from '../../src/laboratory/failoverFleet';
import { eventually } from '../setup/eventually';
import { type PairScene, pairStory, proxyRun } from './pairScene';

/** Where no address can move, the node itself redirects to the other one. */
const story = (name: string, play: (scene: PairScene) => Promise<void>) =>
  pairStory(name, { proxiesEntry: { by: 'nftables' } }, play);

story('a proxy is killed: its host redirects its clients to the other one, and back when it is well', async (scene) => {
  await scene.guard();
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
  expect(report).toMatchObject({ by: 'n2', course: 'away', failedBack: true });
  expect(verdict).toMatchObject({ sound: true, hung: [], gap: { over: true } });
  expect(others).toMatchObject({ sound: true, failed: 0, unknown: 0, refused: 0 });
});

story('a proxy hangs: its clients are told, and redirected', async (scene) => {
  await scene.guard();
  const { report, verdict, others } = await scene.breaks(() => scene.site.faults.hangProxy('n1'));
  expect(report).toMatchObject({ by: 'n2', course: 'away', failedBack: true });
  expect(verdict).toMatchObject({ sound: true, hung: [] });
  expect(others).toMatchObject({ sound: true, failed: 0, unknown: 0, refused: 0 });
});

story('a host loses its link: only that host could redirect, and it is said', async (scene) => {
  await scene.guard();
  const mine = await scene.clients('n1');
  const faultMs = await scene.site.faults.linkDown('n1');
  const deed = await eventually(async () => {
    const { deeds } = await scene.site.agent('n2').watch.deeds({ target: pair, after: 0, waitMs: 0 });
    return deeds.find(({ failed, atMs }) => failed === 'n1' && atMs >= faultMs);
  });
  expect(deed).toMatchObject({
    outcome: 'refused',
    why: 'the agent of its host does not answer, and only that host can redirect',
  });
  const run = await scene.seenTo(faultMs);
  expect(scene.told(run)).toMatchInlineSnapshot(`
   [
     "done: Look at both proxies of proxies",
   ]
  `);
  expect(scene.plain(run.failure!.message)).toMatch(
    /^only n1 can redirect the clients of n1, and its agent does not answer: /,
  );
  await scene.site.faults.mend('n1');
  await scene.answers(mine);
  expect(await scene.holders('n1')).toEqual(['n1']);
});

pairStory(
  'with autonomy ask both proxies come up unasked, and a failure is asked about',
  { proxiesEntry: { by: 'nftables', autonomy: 'ask' } },
  async (scene) => {
    const guard = await scene.guard();
    expect(scene.told(guard).slice(0, 3)).toMatchInlineSnapshot(`
     [
       "done: Look at both proxies of proxies",
       "done: See to n1: the proxy of n1 does not answer",
       "done: See to n2: the proxy of n2 does not answer",
     ]
    `);
    expect([await scene.holders('n1'), await scene.holders('n2')]).toEqual([['n1'], ['n2']]);
    const faultMs = scene.site.faults.killProxy('n1');
    await scene.seenTo(faultMs, (run) => run.phase === 'waiting for approval');
    await scene.operator.decide(proxyRun, { by: 'ann', why: 'go', approved: true });
    const run = await scene.seenTo(faultMs);
    expect(run.report?.result).toMatchObject({ course: 'move', by: 'n2', failedBack: true });
    await scene.answers(await scene.clients('n1'));
  },
);
