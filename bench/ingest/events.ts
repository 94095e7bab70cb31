import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectOperator, type Operator } from '../../src/api/operator';
import { startStack } from '../../src/stack/embedded';
import { freePort } from '../../src/stack/ports';
import type { Endings } from '../../src/laboratory/endings';
import { emptied } from '../disk';
import type { Metric } from '../table';
import { makeEmptyFiles } from './data';
import type { Scene } from './scene';

const few = 1_000;
const many = 100_000;
const items = 40;
/** Existing and new FSVMs of each file server. */
const fsvms = 2;
const events: Metric = { metric: 'events', better: 'less', unit: 'events' };

/** What a whole ingestion leaves in the histories of Temporal: its run, its passes and the leases, for few files and for many. */
export async function workflowEvents(scene: Scene): Promise<void> {
  const name = 'ingest/events';
  scene.say(`${name}: a whole run over ${many} empty files in ${items} items, beside one over ${few}`);
  await scene.endings.within(async (endings) => {
    const operator = await startControlPlane(scene, endings);
    const counts: number[] = [];
    for (const files of [few, many]) {
      const before = await eventsOf(operator);
      await ingest(operator, serverOf('old', files), serverOf('new', files));
      counts.push((await eventsOf(operator)) - before);
      scene.say(`  ${files} files: ${counts.at(-1)} events`);
    }
    scene.table.add(name, events, [counts[1]!], `a run over ${few} files`, [counts[0]!]);
  });
}

const serverOf = (age: string, files: number): string => `${age}-${files}`;

/** Temporal, worker, API and two agents, and a source for each number of files. */
async function startControlPlane(scene: Scene, endings: Endings): Promise<Operator> {
  const fleet = join(scene.folder, 'events.yaml');
  writeFileSync(fleet, JSON.stringify(await fleetOf(scene)));
  const stack = await startStack({ fleet, stateDir: join(scene.folder, 'stack'), say: () => {} });
  endings.add(() => stack.stop());
  process.env['TEMPORAL_ADDRESS'] = stack.state.temporal;
  endings.add(() => delete process.env['TEMPORAL_ADDRESS']);
  const operator = await connectOperator({ waitMs: 10_000 });
  endings.add(() => operator.close());
  return operator;
}

async function fleetOf(scene: Scene): Promise<object> {
  const [source, target] = [scene.source.path, scene.target.path];
  const agent = async () => `http://127.0.0.1:${await freePort()}`;
  const fileServers: Record<string, object> = {};
  for (const files of [few, many])
    for (const [age, host, disk] of [
      ['old', 'old', source],
      ['new', 'new', target],
    ] as const) {
      const server = serverOf(age, files);
      const roots = Array.from({ length: fsvms }, (_, fsvm) => join(disk, `events-${files}`, `fsvm${fsvm}`));
      for (const [fsvm, root] of roots.entries()) {
        await emptied(root);
        if (age === 'old') makeEmptyFiles(root, files / fsvms, items / fsvms, `share-${fsvm}-`);
      }
      fileServers[server] = {
        fsvms: Object.fromEntries(roots.map((root, fsvm) => [`${server}-${fsvm}`, { host, root }])),
      };
    }
  const hosts = { old: { agent: await agent(), roots: [source] }, new: { agent: await agent(), roots: [target] } };
  return { fleet: 'bench', hosts, fileServers };
}

async function ingest(operator: Operator, from: string, to: string): Promise<void> {
  const { id } = await operator.start('ingest-vfs', { from, to, onFailure: 'undo' }, 'bench');
  await operator.client.workflow.getHandle(id).result();
}

/** Of all runs that this Temporal has seen, those that were continued as new included. */
async function eventsOf({ client }: Operator): Promise<number> {
  let sum = 0;
  for await (const execution of client.workflow.list()) sum += execution.historyLength;
  return sum;
}
