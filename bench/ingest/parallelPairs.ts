import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAgentClient } from '../../src/agent/client';
import { createAuthority, issue } from '../../src/agent/authority';
import { AgentProcess } from '../../src/laboratory/agentProcess';
import type { AgentPair } from '../agents';
import { emptied, settle } from '../disk';
import type { Endings } from '../../src/laboratory/endings';
import { makeLinks, type Link } from '../links';
import { wants } from '../options';
import { run } from '../../src/laboratory/run';
import { lacking } from '../../src/stack/packages';
import { makeLargeFiles, type Source } from './data';
import { Ours } from './ours';
import type { Scene } from './scene';
import type { Metric } from '../table';

const mbitPerSecond = 100;
const bytesPerSecond = (mbitPerSecond * 1_000_000) / 8;
const rate: Metric = { metric: 'rate', better: 'more', unit: 'bytes/s' };
const sumOfLinks = 'sum of the links';
const port = 7_443;

/** FSVM pairs over links that are slow enough for two cores: what they carry together beside what the links could. */
export async function parallelPairs(scene: Scene): Promise<void> {
  const counts = [1, 2, 4].filter((pairs) => wants(scene.options, `ingest/pairs-${pairs}`));
  if (counts.length === 0) return;
  const why = lacking('netns', scene.say) ?? lacking('tbf', scene.say);
  for (const pairs of why === undefined ? [] : counts) {
    scene.table.addUnmeasured(`ingest/pairs-${pairs}`, rate, sumOfLinks, why!);
  }
  if (why !== undefined) return;
  const seconds = scene.options.quick ? 4 : 15;
  const mebibytes = Math.round((seconds * bytesPerSecond) / 1024 ** 2 / 16);
  const source = makeLargeFiles(await emptied(join(scene.source.path, 'pairs')), 16, mebibytes);
  await scene.endings.within((endings) => measure(scene, endings, source, counts));
}

async function measure(scene: Scene, endings: Endings, source: Source, counts: readonly number[]): Promise<void> {
  const links = await makeLinks(endings, Math.max(...counts), mbitPerSecond);
  const pairs = await startPairs(scene, endings, links);
  for (const ours of pairs) await ours.survey(source.path);
  // Daemons have worked before: see warmUp.
  const few = makeLargeFiles(await emptied(join(scene.source.path, 'few')), 16, 1);
  await Promise.all(pairs.map((ours) => ours.copy(few.path, join(scene.target.path, `few-${scene.next()}`))));
  for (const count of counts) {
    const name = `ingest/pairs-${count}`;
    scene.say(`${name}: ${count} × ${source.says}, each over a link of ${mbitPerSecond} Mbit/s`);
    const rates: number[] = [];
    for (let round = 1; round <= scene.rounds; round++) {
      const target = await emptied(join(scene.target.path, `pairs-${scene.next()}`));
      await settle(target);
      const begin = performance.now();
      await Promise.all(pairs.slice(0, count).map((ours, pair) => ours.copy(source.path, join(target, `fsvm${pair}`))));
      rates.push((count * source.bytes) / ((performance.now() - begin) / 1000));
      scene.say(`  round ${round}: ${Math.round(rates.at(-1)! / 1024 ** 2)} MiB/s together`);
      await run('rm', '-rf', '--', target);
    }
    const sums = rates.map(() => count * bytesPerSecond);
    scene.table.add(name, rate, rates, sumOfLinks, sums);
  }
}

/** Agents in namespaces of their own, by certificate: plain HTTP is spoken on loopback only. */
async function startPairs(scene: Scene, endings: Endings, links: readonly Link[]): Promise<Ours[]> {
  const folder = join(scene.folder, 'pairs');
  const authority = join(folder, 'certs');
  await createAuthority(authority, 'bench');
  const bench = await issue(authority, { name: 'bench', role: 'agent' });
  const ca = join(authority, 'ca.crt');
  return Promise.all(
    links.map(async (link, number) => {
      const names = { source: `old${number}`, target: `new${number}` };
      const hosts = {
        [names.source]: entry(link.control, link.source.address, scene.source.path),
        [names.target]: entry(link.target.address, link.target.address, scene.target.path),
      };
      const start = async (side: 'source' | 'target') => {
        const own = join(folder, names[side]);
        mkdirSync(own);
        const { cert, key } = await issue(authority, { name: names[side], role: 'agent' });
        const fleetFile = join(own, 'fleet.yaml');
        writeFileSync(fleetFile, JSON.stringify({ fleet: 'bench', hosts, tls: { ca, cert, key } }));
        const place = { host: names[side], fleetFile, folder: own, namespace: link[side].namespace };
        return AgentProcess.start(endings, place);
      };
      const [source, target] = [await start('source'), await start('target')];
      const url = `https://${link.control}:${port}`;
      const client = createAgentClient({ host: names.source, url, tls: { ca, cert: bench.cert, key: bench.key } });
      endings.add(() => client.close());
      const pair: AgentPair = { source, target, client, names, cpu: () => source.cpu() + target.cpu() };
      return new Ours(pair);
    }),
  );
}

const entry = (address: string, bulk: string, root: string) => ({
  agent: `https://${address}:${port}`,
  roots: [root],
  bulk: { address: bulk },
});
