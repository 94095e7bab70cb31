import { endpointOfLab as endpoint } from '../../src/laboratory/failoverFleet';
import { eventually } from '../setup/eventually';
import { plain, resultOf, story, told, type FailoverScene } from '../setup/failoverScene';

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

/** A run that was in the middle when Temporal died, and comes back, under an older epoch or a newer one, changes nothing. */
async function expectStaleToLose({ site }: FailoverScene, epoch: number): Promise<void> {
  const { traffic } = site.agent('fa');
  const close = (given: number) =>
    traffic.close({ endpoint, from: epoch - 1, lease: { target: endpoint, epoch: given }, reject: [] });
  await expect(close(epoch - 1)).rejects.toMatchObject({ code: 'StaleEpoch' });
  await expect(close(epoch + 1)).rejects.toMatchObject({ code: 'EpochMoved' });
  expect(await traffic.routes({ endpoint })).toMatchObject({ state: 'open', epoch });
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
        const done = deeds.filter(({ outcome }) => outcome === 'done');
        if (done.length === 0) throw new Error(`the agents have done nothing: ${JSON.stringify(deeds)}`);
        return done;
      },
      { timeoutMs: 20_000, everyMs: 100 },
    );
    expect(deed).toMatchObject({ outcome: 'done', failed: 'p1', failover: { to: 'p2' } });
    await scene.goOn(100);
    expect(await scene.site.primary()).toBe('p2');
    await expectStaleToLose(scene, deed!.epoch);
    await scene.site.stack.restart('temporal');
    const run = await scene.ended('fail-over-endpoint', 60_000);
    const report = resultOf(run);
    expect(told(run)).toEqual([
      'done: Look at orders, its members, forwarders and observers',
      'done: Take orders, so that no other run touches it',
      'done: Take orders, so that no other run touches it', // anew: the one that came too late had raised the epoch
      ...deed!.acts.map(({ what }) => plain(`done: ${what}`)),
      'done: Verify by a write through fa and fb',
      'done: Count the commits that only p1 has',
    ]);
    expect(report).toMatchObject({ was: 'p1', primary: 'p2', epoch: deed!.epoch, verdict: 'crashed', lossless: true });
    const verdict = await scene.judged('p2', faultMs);
    expect(verdict).toMatchObject({ sound: true, lost: [], hung: [] });
  },
  150_000,
);

/** Who acts by the armed plan, once a forwarder is closed under its epoch. */
async function actorOf({ site }: FailoverScene): Promise<string> {
  const { epoch } = await eventually(
    async () => {
      const route = await site.agent('fb').traffic.routes({ endpoint });
      return route.state === 'closed' ? route : undefined;
    },
    { timeoutMs: 20_000, everyMs: 5 },
  );
  // Who asks again for what it has is given it, and whoever else asks hears its name.
  const claim = { target: endpoint, lease: { target: endpoint, epoch }, by: 'et' };
  const { granted, has = granted ? 'et' : undefined, why } = await site.agent('et').watch.claim(claim);
  if (has === undefined) throw new Error(`et has given its word to nobody: ${why}`);
  return has;
}

story(
  'where the agent that acts alone dies between closing and opening, clients write again when Temporal is back',
  { ownTemporal: true, endpointEntry: armed },
  async (scene) => {
    const { site } = scene;
    await scene.guard();
    await isArmed(scene);
    await scene.writes({ patient: false });
    await site.stack.kill('temporal', 'SIGKILL');
    // A host that is lost is given a moment to prove that it is dead: that is when the agent is killed.
    const faultMs = await site.faults.linkDown('p1');
    const actor = await actorOf(scene);
    site.faults.killAgent(actor);
    await site.startAgent(actor);
    await eventually(() => Date.now() > faultMs + 8_000, { timeoutMs: 20_000 });
    expect(await deedsOf(scene)).toEqual([]);
    const routes = await Promise.all(['fa', 'fb'].map((host) => site.agent(host).traffic.routes({ endpoint })));
    expect(routes).toMatchObject([{ state: 'closed' }, { state: 'closed' }]);
    await site.stack.restart('temporal');
    const then = scene.acknowledged();
    await eventually(() => scene.acknowledged() > then + 100, { timeoutMs: 60_000 });
    expect(await site.agent('p2').role.status({ endpoint, deadlineMs: 2_000 })).toMatchObject({ state: 'primary' });
    expect(await scene.judged('p2', faultMs)).toMatchObject({ sound: true, lost: [] });
  },
  150_000,
);

story(
  'a freeze and a pause keep the agents from acting alone, also the one that has not heard it',
  { ownTemporal: true, endpointEntry: armed },
  async (scene) => {
    const { site, operator } = scene;
    const isDone = (sentence: string, times = 1) =>
      scene.until('guard-endpoint', ({ steps }) => {
        const done = steps.filter(({ what, state }) => what.startsWith(sentence) && state === 'done');
        return done.length >= times;
      });
    await scene.guard();
    await isArmed(scene);
    site.limit({ freeze: 'a new core switch' });
    await isDone(`Disarm ${endpoint}: the fleet is frozen: a new core switch`);
    site.limit({});
    await isDone('Arm ', 2);
    site.faults.killAgent('et');
    await operator.pause(`guard-endpoint/${endpoint}`, { by: 'ann', why: 'new disks' });
    const { steps } = await scene.until('guard-endpoint', (guard) => guard.steps.at(-1)?.state === 'failed');
    expect(steps.at(-1)).toMatchObject({
      what: 'Disarm orders: its guard is paused',
      why: expect.stringMatching(
        /^et has not heard that orders is disarmed; its plan ends at .*Z, and a majority has heard it/,
      ) as string,
    });
    await site.stack.kill('temporal', 'SIGKILL');
    await site.startAgent('et');
    const faultMs = site.faults.killDatabase('p1');
    await eventually(() => Date.now() > faultMs + 6_000, { timeoutMs: 10_000 });
    expect(await deedsOf(scene)).toEqual([]);
    expect(await site.primary()).toBeUndefined();
    await site.stack.restart('temporal');
    await isDone('Tell et that orders is disarmed');
  },
  180_000,
);

story(
  'where nothing is armed nothing moves while Temporal is down, and the failover is made when it is back',
  { ownTemporal: true },
  async (scene) => {
    await scene.guard();
    await scene.writes({ patient: false });
    await scene.site.stack.kill('temporal', 'SIGKILL');
    const faultMs = scene.site.faults.killDatabase('p1');
    await eventually(() => Date.now() > faultMs + 5_000, { timeoutMs: 10_000 });
    expect(await deedsOf(scene)).toEqual([]);
    expect(await scene.site.primary()).toBeUndefined();
    await scene.site.stack.restart('temporal');
    expect(resultOf(await scene.ended('fail-over-endpoint', 60_000))).toMatchObject({ was: 'p1', primary: 'p2' });
    expect(await scene.judged('p2', faultMs)).toMatchObject({ sound: true, lost: [] });
  },
  150_000,
);
