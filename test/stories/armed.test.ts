import { endpointOfLab as endpoint } from '../../src/laboratory/failoverFleet';
import { eventually } from '../setup/eventually';
import { resultOf, story, told, type FailoverScene } from '../setup/failoverScene';

const armed = { armed: { after: '1s', expires: '10min' } };

/** The guard has armed the agents, and watches. */
const isArmed = (scene: FailoverScene): Promise<unknown> =>
  scene.until('guard-endpoint', ({ steps }) =>
    steps.some(({ what, state }) => what.startsWith('Arm ') && state === 'done'),
  );

/** What the agents did by themselves, by host. */
async function deedsOf(scene: FailoverScene) {
  const asked = ['fa', 'fb', 'et'].map(async (host) => {
    const { deeds } = await scene.site.agent(host).watch.deeds({ target: endpoint, after: 0, waitMs: 0 });
    return deeds.map((deed) => ({ host, ...deed }));
  });
  return (await Promise.all(asked)).flat();
}

story(
  'clients write again though Temporal was dead when the primary was killed, and Temporal hears of it afterwards',
  { ownTemporal: true, endpointEntry: armed },
  async (scene) => {
    await scene.guard();
    await isArmed(scene);
    await scene.writes({ patient: false });
    await scene.site.stack.kill('temporal', 'SIGKILL');
    const faultMs = scene.site.faults.killDatabase('p1');
    const [deed] = await eventually(
      async () => {
        const deeds = await deedsOf(scene);
        if (deeds.length === 0) throw new Error('the agents have done nothing');
        return deeds;
      },
      { timeoutMs: 20_000, everyMs: 100 },
    );
    expect(deed).toMatchObject({ outcome: 'done', failed: 'p1', failover: { to: 'p2' } });
    await scene.goOn(100);
    expect(await scene.site.primary()).toBe('p2');
    await scene.site.stack.restart('temporal');
    const run = await scene.ended('fail-over-endpoint', 60_000);
    const report = resultOf(run);
    console.log(JSON.stringify(report, undefined, 1), told(run));
    expect(report).toMatchObject({ was: 'p1', primary: 'p2', epoch: deed!.epoch, verdict: 'crashed', lossless: true });
    const verdict = await scene.judged('p2', faultMs);
    console.log(verdict.sentences, verdict.gap);
    expect(verdict).toMatchObject({ sound: true, lost: [], hung: [] });
    expect(await deedsOf(scene)).toHaveLength(1);
  },
  150_000,
);
