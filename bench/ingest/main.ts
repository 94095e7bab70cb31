import { cleanly } from '../endings';
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
import { emptied } from '../disk';
import { join } from 'node:path';

/** `npm run bench -- ingest`: files moved by agents, beside rsync, rclone and cp, in the same rounds on the same data. */
export async function main(args: string[]): Promise<void> {
  const options = readOptions(args);
  const table = new Table();
  try {
    await cleanly(async (endings) => {
      const scene = await prepare(endings, table, options);
      head(scene);
      for (const measure of [small, large, share, again, pairs, held, histories]) await measure(scene).catch(complain);
    });
  } finally {
    if (table.rows.length > 0) console.log(`\n${table.toString()}`);
    if (options.json !== undefined) table.write(options.json);
  }
}

/** What failed in one case does not keep the others from being measured. */
function complain(error: unknown): void {
  console.error(error);
  process.exitCode = 1;
}

function head({ say, options, rounds, source, target }: Scene): void {
  say(`seed ${options.seed}, ${rounds} rounds; source: ${source.kind}; target: ${target.kind}`);
  say(
    'Nobody waits for the disk (ours: fsync false) but where the case says so; file systems are synced between runs.',
  );
  if (options.quick) say('--quick: less data and fewer rounds, as each case says.');
}

async function small(scene: Scene): Promise<void> {
  const { options } = scene;
  if (!wants(options, 'ingest/small') && !wants(options, 'ingest/small-fsync')) return;
  const sizes = { items: 20, directoriesPerItem: 20, filesPerDirectory: 50, leastBytes: 4_096, mostBytes: 16_384 };
  const source = makeSmallFiles(await emptied(join(scene.source.path, 'small')), sizes, seeded(options.seed));
  const unit = 'files/s';
  await baseCopies(scene, 'ingest/small', source, { unit, copiers: [scene.ours, ...scene.peers] });
  const copiers = [scene.ours, rsyncFsync, rsyncThenSync];
  await baseCopies(scene, 'ingest/small-fsync', source, { unit, copiers, manner: { durable: true } });
}

async function large(scene: Scene): Promise<void> {
  if (!wants(scene.options, 'ingest/large')) return;
  const source = makeLargeFiles(await emptied(join(scene.source.path, 'large')), 4, scene.options.quick ? 128 : 512);
  await baseCopies(scene, 'ingest/large', source, { unit: 'bytes/s', copiers: [scene.ours, ...scene.peers] });
}

async function share(scene: Scene): Promise<void> {
  if (!wants(scene.options, 'ingest/usr-share')) return;
  const path = await emptied(join(scene.source.path, 'share'));
  const source = await copyShare(path, scene.options.quick ? 15_000 : Infinity);
  await baseCopies(scene, 'ingest/usr-share', source, { unit: 'files/s', copiers: [scene.ours, ...scene.peers] });
}

async function again(scene: Scene): Promise<void> {
  if (!wants(scene.options, 'ingest/unchanged') && !wants(scene.options, 'ingest/changed-1pct')) return;
  const perDirectory = scene.options.quick ? 150 : 500;
  const sizes = {
    items: 20,
    directoriesPerItem: 20,
    filesPerDirectory: perDirectory,
    leastBytes: 512,
    mostBytes: 2_048,
  };
  const source = makeSmallFiles(await emptied(join(scene.source.path, 'again')), sizes, seeded(scene.options.seed));
  await secondPasses(scene, source);
}

async function pairs(scene: Scene): Promise<void> {
  await parallelPairs(scene);
}

async function held(scene: Scene): Promise<void> {
  if (wants(scene.options, 'ingest/memory')) await memory(scene);
}

async function histories(scene: Scene): Promise<void> {
  if (wants(scene.options, 'ingest/events')) await workflowEvents(scene);
}
