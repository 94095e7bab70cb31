import { endpointOfLab as endpoint } from '../../src/laboratory/failoverFleet';
import type { FailoverScene } from '../setup/failoverScene';
import { plain, resultOf, story, told } from '../setup/failoverScene';

const id = `fail-over-endpoint/${endpoint}`;
const dryRun = (scene: FailoverScene) =>
  scene.evenkeel('run', 'fail-over-endpoint', '--endpoint', endpoint, '--dry-run');

story(
  'with autonomy observe it is only said what would be done, and the command line says it too',
  { endpointEntry: { autonomy: 'observe' } },
  async (scene) => {
    await scene.guard();
    const well = await dryRun(scene);
    expect(well.status).not.toBe(0);
    expect(plain(well.out + well.err)).toMatchInlineSnapshot();
    const before = await scene.epochs();
    scene.site.faults.killDatabase('p1');
    const guard = await scene.until('guard-endpoint', ({ steps }) =>
      steps.some(({ what, state }) => what.startsWith('Say what would be done') && state === 'done'),
    );
    expect(told(guard)).toMatchInlineSnapshot();
    const planned = await dryRun(scene);
    expect([planned.status, planned.err]).toEqual([0, '']);
    expect(plain(planned.out)).toMatchInlineSnapshot();
    expect(await scene.epochs()).toEqual(before);
  },
);

story('with autonomy ask nothing moves before the yes', { endpointEntry: { autonomy: 'ask' } }, async (scene) => {
  const { site } = scene;
  await scene.guard();
  await scene.writes();
  const before = await scene.epochs();
  const faultMs = site.faults.killDatabase('p1');
  const asking = await scene.until('fail-over-endpoint', ({ phase }) => phase === 'waiting for approval');
  expect(told(asking)).toMatchInlineSnapshot();
  expect(await scene.epochs()).toEqual(before);
  expect(await site.agent('p2').role.status({ endpoint, deadlineMs: 2_000 })).toMatchObject({ state: 'standby' });
  const said = await scene.evenkeel('approve', id);
  expect([said.status, said.err]).toEqual([0, '']);
  const run = await scene.ended('fail-over-endpoint');
  expect(told(run)).toMatchInlineSnapshot();
  expect(await scene.judged(resultOf(run).primary, faultMs)).toMatchObject({ sound: true, lost: [] });
});
