import { endpointOfLab as endpoint } from '../../src/laboratory/failoverFleet';
import { Endings } from '../../src/laboratory/endings';
import { failoverNeeds, FailoverScene, resultOf } from '../setup/failoverScene';
import { needs } from '../setup/needs';

/** What if the controller dies? At whatever step: another worker goes on, and the end is the same. */
const steps = [
  'Look at orders',
  'Take orders',
  'Close orders',
  'Promote',
  'Open orders',
  'Free the clients',
  'Verify by a write',
  'Count the commits',
];
const linux = needs(...failoverNeeds);
const endings = new Endings();
let scene: FailoverScene;
let [primary, standby] = ['p1', 'p2'];

beforeAll(async () => {
  scene = await FailoverScene.open(endings);
  for (const by of ['fa', 'fb']) {
    await scene.start('replace-forwarder', { by });
    await scene.ended('replace-forwarder');
  }
}, 60_000);
afterAll(() => endings.close());

const cases = [...steps.map((step) => ({ who: 'worker', step })), { who: 'temporal', step: 'Close orders' }];

linux.each(cases)(
  'the $who is killed at the step "$step"',
  async ({ who, step }) => {
    const { site } = scene;
    await scene.writes({ patient: false });
    await scene.start('fail-over-endpoint', { force: true });
    await scene.until('fail-over-endpoint', (run) => run.steps.some(({ what }) => what.startsWith(step)));
    await site.stack.kill(who, 'SIGKILL');
    await site.stack.restart(who);
    const report = resultOf(await scene.ended('fail-over-endpoint', 60_000));
    expect(report).toMatchObject({ was: primary, primary: standby, lossless: true, stillHung: 0 });
    // A worker that has just begun may hear a forwarder too late for a failover in a hurry; nobody guards here.
    for (const by of report.left) {
      await scene.start('replace-forwarder', { by });
      await scene.ended('replace-forwarder');
    }
    expect([...report.writes.map(({ forwarder }) => forwarder), ...report.left].toSorted()).toEqual(['fa', 'fb']);
    expect(await scene.judged(standby)).toMatchObject({ sound: true });
    const routes = await Promise.all(['fa', 'fb'].map((host) => site.agent(host).traffic.routes({ endpoint })));
    const open = { state: 'open', to: { address: site.database(standby).address } };
    expect(routes).toMatchObject([open, open]);
    await scene.start('rejoin-standby', { member: primary });
    const rejoined = await scene.ended('rejoin-standby');
    expect([rejoined.phase, rejoined.failure]).toEqual(['done', undefined]);
    [primary, standby] = [standby, primary];
  },
  90_000,
);
