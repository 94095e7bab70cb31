import { join } from 'node:path';
import { makeDisk, scratch, type Disk } from '../disk';
import type { Endings } from '../../src/laboratory/endings';
import type { BenchOptions } from '../options';
import { seeded, type Random } from '../random';
import type { Table } from '../table';
import { startPair } from '../agents';
import { Ours } from './ours';
import { startPeers } from './peers';
import type { Copier } from './copiers';

/** What all cases share: two disks, both sides, the table. */
export interface Scene {
  endings: Endings;
  table: Table;
  options: BenchOptions;
  rounds: number;
  random: Random;
  say: (line: string) => void;
  /** A directory for logs, states and the like. */
  folder: string;
  source: Disk;
  target: Disk;
  ours: Ours;
  peers: Copier[];
  /** Peers that cannot be measured here, and why. */
  absent: { name: string; why: string }[];
  /** A number that was not given out before. */
  next(): number;
}

const GiB = 1024 ** 3;
/** Sparse: only what is written takes space. */
const diskBytes = 24 * GiB;

export async function prepare(endings: Endings, table: Table, options: BenchOptions): Promise<Scene> {
  const say = (line: string) => console.error(line);
  const folder = scratch(endings);
  const source = await makeDisk(endings, folder, 'source', diskBytes, say);
  const target = await makeDisk(endings, folder, 'target', diskBytes, say);
  const peers = await startPeers(endings, folder, target.path, say);
  const pair = await startPair(endings, join(folder, 'pair'), { source: source.path, target: target.path });
  let given = 0;
  return {
    ...{ endings, table, options, rounds: options.rounds, random: seeded(options.seed), say, folder, source, target },
    ours: new Ours(pair),
    peers: peers.filter((peer) => 'copy' in peer),
    absent: peers.filter((peer) => 'why' in peer),
    next: () => ++given,
  };
}
