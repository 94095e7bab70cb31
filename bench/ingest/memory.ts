import { join } from 'node:path';
import { startPair } from '../agents';
import { emptied } from '../disk';
import { peakMemory } from '../meter';
import { run } from '../../src/laboratory/run';
import type { Metric } from '../table';
import { countTree, makeEmptyFiles } from './data';
import { Ours } from './ours';
import type { Scene } from './scene';

const items = 10;
const few = 10_000;
const anonymous: Metric = { metric: 'anonymous', better: 'less', unit: 'bytes' };
const resident: Metric = { metric: 'resident', better: 'less', unit: 'bytes' };

/**
 * The most that both agents and their movers hold while they copy many empty files, beside what they hold for a few: a
 * ratio of 1 is flat. `resident` counts pages of the catalog's file too, which the kernel may drop; `anonymous` does not.
 */
export async function memory(scene: Scene): Promise<void> {
  const many = scene.options.quick ? 200_000 : 1_000_000;
  const name = 'ingest/memory';
  scene.say(`${name}: ${many} empty files beside ${few}`);
  const peaks: Record<'anonymous' | 'resident', number>[] = [];
  for (const files of [few, many]) {
    const source = makeEmptyFiles(await emptied(join(scene.source.path, 'empty')), files, items);
    const peak = await scene.endings.within(async (endings) => {
      const folder = join(scene.folder, `memory-${files}`);
      const pair = await startPair(endings, folder, { source: scene.source.path, target: scene.target.path });
      const ours = new Ours(pair);
      const target = await emptied(join(scene.target.path, `memory-${files}`));
      const processes = () => [...pair.source.processes(), ...pair.target.processes()];
      const held = await peakMemory(processes, () => ours.copy(source, target));
      const { entries } = countTree(target);
      if (entries !== files) throw new Error(`${entries} of ${files} files arrived`);
      await run('rm', '-rf', '--', target, source);
      return held;
    });
    scene.say(`  ${files} files: ${inMiB(peak.resident)} MiB resident, ${inMiB(peak.anonymous)} MiB anonymous`);
    peaks.push(peak);
  }
  const [small, large] = [peaks[0]!, peaks[1]!];
  const peer = `at ${few} files`;
  scene.table.add(name, resident, [large.resident], peer, [small.resident]);
  scene.table.add(name, anonymous, [large.anonymous], peer, [small.anonymous]);
}

const inMiB = (bytes: number): number => Math.round(bytes / 1024 ** 2);
