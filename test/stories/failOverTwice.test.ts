import type { RunView } from '../../src/api/views';
import type { Output } from '../../src/contract/runbooks';
import { endpointOfLab as endpoint } from '../../src/laboratory/failoverFleet';
import { eventually } from '../setup/eventually';
import { resultOf, story, told, type FailoverScene } from '../setup/failoverScene';

/** Longer than a guard waits until it looks around again for a forwarder that was silent, ms. */
const lookedMs = 35_000;
/** A failover that waits for nobody has ended by then, also on a busy machine, ms. */
const usualMs = 20_000;

story(
  'a forwarder that cannot join the name, since the DNS server is down, holds up no failover',
  { endpointEntry: { coolDown: '1s' } },
  async (scene) => {
    const { site } = scene;
    await scene.guard();
    site.faults.killAgent('fa');
    const { report } = await scene.breaks(() => site.faults.killDatabase('p1'));
    expect(report).toMatchObject({ primary: 'p2', left: ['fa'] });
    await scene.start('rejoin-standby', { member: 'p1' });
    expect(await scene.ended('rejoin-standby')).toMatchObject({ phase: 'done' });
    await scene.watched('p2');

    await site.faults.cut('dns');
    const backMs = Date.now();
    await site.faults.startAgent('fa');
    const back = (run: RunView) => Date.parse(run.startedAt) > backMs;
    const rests = ({ endedAt, phase }: RunView) => endedAt !== undefined || phase === 'held';
    await scene.until('replace-forwarder', (run) => back(run) && rests(run), 90_000);
    await scene.watched('p2');
    await scene.writes({ to: 'fb' });
    const faultMs = site.faults.killDatabase('p2');
    const run = await endedSince(scene, 'fail-over-endpoint', faultMs);
    expect(resultOf(run)).toMatchObject({ was: 'p2', primary: 'p1', lossless: true, stillHung: 0 });
    expect(Date.parse(run.endedAt!) - faultMs).toBeLessThan(usualMs);
    expect(await scene.judged('p1', faultMs)).toMatchObject({ sound: true, hung: [] });
    // It ended by itself, and forwards: what it could not do is said.
    const left = await scene.show('replace-forwarder');
    expect([left.phase, back(left)]).toEqual(['failed', true]);
    expect(told(left).at(-1)).toMatch(/^failed: Let fa join ep.db.test \(the DNS server .* does not answer/);

    const mendedMs = await site.faults.mend('dns');
    await scene.start('replace-forwarder', { by: 'fa' });
    const joined = await endedSince(scene, 'replace-forwarder', mendedMs);
    expect(joined.report!.result as Output<'replaceForwarder'>).toMatchObject({ joined: 'fa' });
    expect(await named(scene)).toEqual(['fa', 'fb']);
  },
  240_000,
);

/** How the route of the forwarder in the first zone is when that zone is back, and how it is in the end. */
const routes = [
  { was: 'absent', ends: 'p2', replication: 'asynchronous' },
  { was: 'closed', ends: 'closed', replication: 'synchronous' },
  { was: 'open', ends: 'p2', replication: 'asynchronous' },
] as const;

for (const { was, ends, replication } of routes)
  story(
    `two zones are cut off one after the other: no client is sent through a route that is ${was} to who was replaced in the first`,
    { replication },
    async (scene) => {
      const { site } = scene;
      await scene.guard();
      if (was === 'closed') {
        await scene.start('replace-forwarder', { gone: 'fa' });
        expect(await scene.ended('replace-forwarder')).toMatchObject({ phase: 'done' });
      }
      await scene.writes({ patient: false });
      await scene.rest();
      const had = await site.database('p1').contents();
      await eventually(async () => (await site.database('p2').contents()).size === had.size);
      const run = await endedSince(scene, 'fail-over-endpoint', await site.faults.partition('a'));
      expect(resultOf(run)).toMatchObject({ primary: 'p2', left: ['fa'] });
      await scene.watched('p2');
      await scene.writes({ patient: false });

      if (was === 'absent') await site.faults.reboot('fa');
      await site.faults.partitionInstead('b', 'a');
      const does = await doesWithin(scene, 'fa', lookedMs);
      if (was === 'open') expect([does, await named(scene)]).toEqual([['p1'], ['fb']]);
      else expect(does).not.toContain('p1');

      await site.faults.mend();
      await eventually(
        async () => {
          expect([await sendsTo(scene, 'fa'), await sendsTo(scene, 'fb')]).toEqual([ends, 'p2']);
          return true;
        },
        { timeoutMs: 90_000, everyMs: 250 },
      );
      expect(await scene.judged('p2')).toMatchObject({ sound: true, lost: [] });
    },
    300_000,
  );

/** The end of a run that began after something; whatever it asks, somebody says yes. */
async function endedSince(scene: FailoverScene, runbook: string, sinceMs: number): Promise<RunView> {
  const answers = (run: RunView) => run.endedAt !== undefined || run.phase === 'waiting for approval';
  for (;;) {
    const run = await scene.until(runbook, (one) => Date.parse(one.startedAt) > sinceMs && answers(one), 60_000);
    if (run.endedAt !== undefined) return run;
    await scene.operator.decide(`${runbook}/${endpoint}`, { approved: true, by: 'ann', why: 'nobody uses it' });
  }
}

/** The member to which a forwarder sends; of one that sends to nobody, the state of its route. */
async function sendsTo({ site }: FailoverScene, forwarder: string): Promise<string> {
  const { state, to } = await site.agent(forwarder).traffic.routes({ endpoint });
  return [...site.databases.values()].find(({ address }) => address === to?.address)?.member ?? state;
}

/** Whatever a forwarder does in that time, each once. */
async function doesWithin(scene: FailoverScene, forwarder: string, ms: number): Promise<string[]> {
  const does = new Set<string>();
  const sinceMs = Date.now();
  await eventually(
    async () => {
      does.add(await sendsTo(scene, forwarder));
      return Date.now() - sinceMs > ms;
    },
    { timeoutMs: ms + 10_000, everyMs: 100 },
  );
  return [...does];
}

/** The forwarders that the DNS name says. */
async function named({ site }: FailoverScene): Promise<string[]> {
  const { addresses } = await site.agent('et').traffic.resolve({ endpoint });
  return ['fa', 'fb'].filter((host) => addresses.includes(site.network.host(host).address));
}
