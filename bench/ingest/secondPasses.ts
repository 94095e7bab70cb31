import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { emptied, settle } from '../disk';
import { metered } from '../meter';
import { wants } from '../options';
import { between } from '../random';
import { alternate, reasonOf, tabulate, type Outcome, type Rounds, type Side } from '../rounds';
import type { Metric } from '../table';
import { check, cpu, wall } from './baseCopies';
import type { Copier } from './copiers';
import type { ListedSource } from './data';
import { Ours } from './ours';
import type { Scene } from './scene';

/** A side that has a copy already. */
interface Kept {
  copier: Copier;
  target: string;
}

const metrics: Metric[] = [wall, cpu, { metric: 'rate', better: 'more', unit: 'files/s' }];
const unjournaled = 'ours, no journal';

/**
 * Passes over a source that was copied before: nothing changed, and one file in a hundred changed. Ours runs twice: with
 * the journal of changes that its agent keeps, and as over a foreign tree, where nobody knows what changed meanwhile and
 * every entry is looked at.
 */
export async function secondPasses(scene: Scene, source: ListedSource): Promise<void> {
  const kept = await keepCopies(scene, source);
  if (wants(scene.options, 'ingest/unchanged')) {
    const name = 'ingest/unchanged';
    scene.say(`${name}: ${source.says}, all there already`);
    record(scene, name, await passes(source, kept, scene));
  }
  if (wants(scene.options, 'ingest/changed-1pct')) {
    const name = 'ingest/changed-1pct';
    scene.say(`${name}: one file in a hundred grows before each round`);
    const beforeRound = () => changeSome(scene, source);
    const outcomes = await passes(source, kept, { ...scene, beforeRound });
    record(scene, name, await checked(outcomes, source, kept));
  }
}

/** The copies of the peers are made by `cp -a`: that is what each of them would have made. */
async function keepCopies(scene: Scene, source: ListedSource): Promise<Kept[]> {
  const cp = scene.peers.find(({ name }) => name === 'cp -a');
  const other = new Ours(scene.ours.pair, unjournaled, { lookAtAll: true });
  const kept: Kept[] = [];
  for (const copier of [scene.ours, other, ...scene.peers]) {
    const target = await emptied(join(scene.target.path, `kept-${scene.next()}`));
    await (copier instanceof Ours ? copier : (cp ?? copier)).copy(source.path, target);
    kept.push({ copier, target });
  }
  return kept;
}

const passes = (source: ListedSource, kept: readonly Kept[], rounds: Rounds): Promise<Map<string, Outcome>> =>
  alternate(
    kept.map(({ copier, target }): Side => ({
      name: copier.name,
      run: async () => {
        await settle(target);
        const spent = await metered(
          () => copier.cpu(),
          () => copier.copy(source.path, target, { again: true }),
        );
        return { ...spent, rate: source.entries / spent.wall };
      },
    })),
    { ...rounds, warmUp: true },
  );

/** The figures of a side that did not make its copy like the source are worth nothing. */
async function checked(
  outcomes: Map<string, Outcome>,
  source: ListedSource,
  kept: readonly Kept[],
): Promise<Map<string, Outcome>> {
  for (const { copier, target } of kept) {
    await check(source, target, copier instanceof Ours).catch((error: unknown) =>
      outcomes.set(copier.name, { why: reasonOf(error) }),
    );
  }
  return outcomes;
}

/** Two cases from the same rounds: ours with its journal, and ours without, beside the same peers. */
function record({ table, ours, absent }: Scene, name: string, outcomes: ReadonlyMap<string, Outcome>): void {
  const peers = [...outcomes].filter(([side]) => side !== ours.name && side !== unjournaled);
  const missing = absent.map(({ name: peer, why }): [string, Outcome] => [peer, { why }]);
  for (const [variant, side] of [
    [name, ours.name],
    [`${name}-foreign`, unjournaled],
  ] as const) {
    const own = outcomes.get(side) ?? { why: 'it was not run' };
    tabulate(table, variant, metrics, new Map([['ours', own], ...peers, ...missing]));
  }
}

function changeSome({ random }: Scene, { files }: ListedSource): void {
  const first = between(random, 0, 99);
  for (let at = first; at < files.length; at += 100) appendFileSync(files[at]!, 'grown');
}
