import { readFileSync, writeFileSync } from 'node:fs';
import type { RunView } from '../../src/api/views';
import { pairOfLab as pair } from '../../src/laboratory/failoverFleet';
import type { FailoverSite } from '../../src/laboratory/failoverSite';
import { failoverNeeds, story, told } from '../setup/failoverScene';
import { needs } from '../setup/needs';
import { guardRun, PairScene, proxyRun } from './pairScene';

const refusal = /limit: unknown field; did you mean "limits"\?/;
const caution =
  /^caution: the fleet file is wrong, and what it said before holds; .*limit: unknown field; did you mean "limits"\?/;

/** Somebody saves the fleet file with a typo in it; the answer mends it. */
function misspell({ fleetFile }: FailoverSite): () => void {
  const right = readFileSync(fleetFile, 'utf8');
  writeFileSync(fleetFile, `${right}limit: {}\n`);
  return () => writeFileSync(fleetFile, right);
}

const cautions = ({ plan }: RunView) => plan?.sentences.filter((sentence) => sentence.startsWith('caution: the fleet'));

story(
  'a typo in the fleet file ends no guard and stops no failover; what a person begins is refused until it is mended',
  {},
  async (scene) => {
    const { site } = scene;
    await scene.guard();
    const mend = misspell(site);
    const switchOver = () => scene.evenkeel('run', 'switch-over-endpoint', '--endpoint', 'orders', '--dry-run');
    const refused = await switchOver();
    expect(refused).toMatchObject({ status: 3 });
    expect(refused.err + refused.out).toMatch(refusal);
    const { run, report, verdict } = await scene.breaks(() => site.faults.killDatabase('p1'));
    expect(told(run)[0]).toBe('done: Look at orders, its members, forwarders and observers');
    expect(cautions(run)).toEqual([expect.stringMatching(caution)]);
    expect(report).toMatchObject({ was: 'p1', primary: 'p2', lossless: true });
    expect(verdict).toMatchObject({ sound: true });
    await scene.watched('p2');
    expect(cautions(await scene.show('guard-endpoint'))).toEqual([expect.stringMatching(caution)]);
    mend();
    const { err, out } = await switchOver();
    expect(err + out).not.toMatch(refusal);
  },
);

needs(...failoverNeeds)(
  'a typo in the fleet file ends no guard of a pair: a proxy that dies is started again, and has its clients back',
  () =>
    PairScene.play({}, async (scene) => {
      await scene.guard();
      misspell(scene.site);
      await scene.operator.start('fail-over-proxy', { pair, node: 'n2', dryRun: true }, 'ann');
      const refused = await scene.until(`${proxyRun}/dry-run`, ({ endedAt }) => endedAt !== undefined);
      expect(refused.failure).toMatchObject({ code: 'BadFleet', message: expect.stringMatching(refusal) as string });
      const run = await scene.seenTo(scene.site.faults.killProxy('n1'));
      expect(cautions(run)).toEqual([expect.stringMatching(caution)]);
      expect(run.report).toMatchObject({ outcome: 'done', result: { node: 'n1', course: 'away', failedBack: true } });
      expect(await scene.holders('n1')).toEqual(['n1']);
      await scene.until(guardRun, ({ steps }) => steps.at(-1)!.what.startsWith('Listen'));
    }),
  120_000,
);
