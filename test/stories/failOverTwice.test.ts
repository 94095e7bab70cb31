import type { RunView } from '../../src/api/views';
import type { Output } from '../../src/contract/runbooks';
import { endpointOfLab as endpoint } from '../../src/laboratory/failoverFleet';
import { resultOf, story, told, type FailoverScene } from '../setup/failoverScene';

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
    // It ended by itself, and says what it could not undo.
    const undone = await scene.show('replace-forwarder');
    expect([undone.phase, back(undone)]).toEqual(['undone', true]);
    expect(told(undone).join('\n')).toMatch(/: Undo: Let fa join ep.db.test \(the DNS server .* does not answer/);

    const mendedMs = await site.faults.mend('dns');
    await scene.start('replace-forwarder', { by: 'fa' });
    const joined = await endedSince(scene, 'replace-forwarder', mendedMs);
    expect(joined.report!.result as Output<'replaceForwarder'>).toMatchObject({ joined: 'fa' });
    expect(await named(scene)).toEqual(['fa', 'fb']);
  },
  240_000,
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

/** The forwarders that the DNS name says. */
async function named({ site }: FailoverScene): Promise<string[]> {
  const { addresses } = await site.agent('et').traffic.resolve({ endpoint });
  return ['fa', 'fb'].filter((host) => addresses.includes(site.network.host(host).address));
}
