import { join } from 'node:path';
import { emptied, settle, touchMemory } from '../disk';
import { metered } from '../meter';
import { outputOf, run } from '../../src/laboratory/run';
import { lacking } from '../../src/stack/packages';
import { alternate, tabulate, type Outcome, type Side } from '../rounds';
import type { Metric } from '../table';
import type { Copier, Manner } from './copiers';
import { countTree, type Source } from './data';
import type { Scene } from './scene';

export const wall: Metric = { metric: 'wall', better: 'less', unit: 'seconds' };
export const cpu: Metric = { metric: 'cpu', better: 'less', unit: 'seconds' };

/** A first copy into an empty directory, ours and the peers in turn. */
export async function baseCopies(
  scene: Scene,
  name: string,
  source: Source,
  { unit, copiers, manner }: { unit: 'files/s' | 'bytes/s'; copiers: readonly Copier[]; manner?: Manner },
): Promise<void> {
  scene.say(`${name}: ${source.says}`);
  const amount = unit === 'files/s' ? source.entries : source.bytes;
  const sides = copiers.map((copier): Side => ({
    name: copier.name,
    run: async (round) => {
      const target = await emptied(join(scene.target.path, `${copier.name.replaceAll(/\W+/g, '-')}-${scene.next()}`));
      await touchMemory(scene.target.path, 1.2 * source.bytes);
      await settle(scene.target.path);
      const spent = await metered(
        () => copier.cpu(),
        () => copier.copy(source.path, target, manner),
      );
      await check(source, target, copier.name === 'ours' && round === 0);
      await run('rm', '-rf', '--', target);
      return { ...spent, rate: amount / spent.wall };
    },
  }));
  const outcomes = await alternate(sides, { ...scene, warmUp: true });
  for (const { name: peer, why } of scene.absent) outcomes.set(peer, { why } satisfies Outcome);
  tabulate(scene.table, name, [wall, cpu, { metric: 'rate', better: 'more', unit }], outcomes);
}

/** As many entries as the source has, and where asked the same to the last bit and nanosecond. */
export async function check(source: Source, target: string, closely: boolean): Promise<void> {
  const { entries } = countTree(target);
  if (entries !== source.entries) throw new Error(`${entries} of ${source.entries} files arrived`);
  if (closely && lacking('rsync', () => {}) === undefined) await compareClosely(source.path, target);
}

async function compareClosely(source: string, target: string): Promise<void> {
  const flags = ['-aHAXn', '--no-D', '--modify-window=-1', '--delete', '--checksum', '--itemize-changes'];
  const lines = (await outputOf('rsync', ...flags, `${source}/`, `${target}/`)).split('\n');
  // The directory that holds the items is no item: its own times are nobody's.
  const differing = lines.filter((line) => line !== '' && !line.endsWith(' ./'));
  if (differing.length > 0) throw new Error(`${differing.length} entries differ, first ${differing[0]}`);
}
