import { join } from 'node:path';
import { emptied } from '../disk';
import { cleanly } from '../../src/laboratory/endings';
import { readOptions, wants } from '../options';
import { seeded } from '../random';
import { Table } from '../table';
import { baseCopies } from './baseCopies';
import { copyShare, makeLargeFiles, makeSmallFiles } from './data';
import { workflowEvents } from './events';
import { memory } from './memory';
import { parallelPairs } from './parallelPairs';
import { rsyncFsync, rsyncThenSync } from './peers';
import { prepare, type Scene } from './scene';
import { secondPasses } from './secondPasses';

/** `npm run bench -- ingest`: files moved by agents, beside rsync, rclone and cp, in the same rounds on the same data. */
export async function main(args: string[]): Promise<void> {
  const options = readOptions(args);
  const table = new Table();
  const begin = performance.now();
  try {
    await cleanly(async (endings) => {
      const scene = await prepare(endings, table, options);
      head(scene);
      const wanted = cases.filter(({ names }) => names.some((name) => wants(options, name)));
      if (wanted.length > 0) await warmUp(scene);
      for (const { measure } of wanted) await measure(scene).catch(complain);
    });
  } finally {
    console.error(`took ${Math.round((performance.now() - begin) / 1000)} s`);
    if (table.rows.length > 0) console.log(`\n${table.toString()}`);
    if (options.json !== undefined) table.write(options.json);
    if (table.rows.some(({ why }) => why?.startsWith('ours failed'))) process.exitCode = 1;
  }
}

/** What failed in one case does not keep the others from being measured. */
function complain(error: unknown): void {
  console.error(error);
  process.exitCode = 1;
}

function head({ say, options, rounds, source, target }: Scene): void {
  say(`seed ${options.seed}, ${rounds} rounds; source: ${source.kind}; target: ${target.kind}`);
  say('Each side works once before the rounds that count.');
  say(
    'Nobody waits for the disk (ours: fsync false) but where the case says so; file systems are synced between runs.',
  );
  if (options.quick) say('--quick: less data and fewer rounds, as each case says.');
}

/** The cases, in the order of the table; `names` are what --only looks at. */
const cases: { names: string[]; measure: (scene: Scene) => Promise<void> }[] = [
  { names: ['ingest/small', 'ingest/small-fsync'], measure: small },
  { names: ['ingest/large'], measure: large },
  { names: ['ingest/usr-share'], measure: share },
  { names: ['ingest/unchanged', 'ingest/changed-1pct'], measure: again },
  { names: ['ingest/pairs-1', 'ingest/pairs-2', 'ingest/pairs-4'], measure: parallelPairs },
  { names: ['ingest/memory'], measure: memory },
  { names: ['ingest/events'], measure: workflowEvents },
];

const sides = (scene: Scene) => [scene.ours, ...scene.peers];

function smallFiles(scene: Scene, filesPerDirectory: number, leastBytes: number, mostBytes: number) {
  const path = join(scene.source.path, `small-${scene.next()}`);
  const sizes = { items: 20, directoriesPerItem: 20, filesPerDirectory, leastBytes, mostBytes };
  return makeSmallFiles(path, sizes, seeded(scene.options.seed));
}

/** Agents are daemons that have worked before, so both have copied something when the first round begins. */
async function warmUp(scene: Scene): Promise<void> {
  const source = smallFiles(scene, 25, 4_096, 16_384);
  const target = await emptied(join(scene.target.path, 'warm'));
  await scene.ours.copy(source.path, target);
  await emptied(target);
}

async function small(scene: Scene): Promise<void> {
  const { options } = scene;
  const unit = 'files/s';
  const source = smallFiles(scene, 50, 4_096, 16_384);
  if (wants(options, 'ingest/small')) await baseCopies(scene, 'ingest/small', source, { unit, copiers: sides(scene) });
  if (!wants(options, 'ingest/small-fsync')) return;
  // One fsync a file takes minutes: not in --quick.
  const copiers = [scene.ours, rsyncThenSync, ...(options.quick ? [] : [rsyncFsync])];
  await baseCopies(scene, 'ingest/small-fsync', source, { unit, copiers, manner: { durable: true } });
}

async function large(scene: Scene): Promise<void> {
  const source = makeLargeFiles(join(scene.source.path, 'large'), 4, scene.options.quick ? 128 : 512);
  await baseCopies(scene, 'ingest/large', source, { unit: 'bytes/s', copiers: sides(scene) });
}

async function share(scene: Scene): Promise<void> {
  const source = await copyShare(join(scene.source.path, 'share'), scene.options.quick ? 8_000 : Infinity);
  await baseCopies(scene, 'ingest/usr-share', source, { unit: 'files/s', copiers: sides(scene) });
}

/** Empty ones: a pass over what is there already reads no content. */
async function again(scene: Scene): Promise<void> {
  await secondPasses(scene, smallFiles(scene, scene.options.quick ? 200 : 500, 0, 0));
}
