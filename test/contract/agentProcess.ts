import { appendFileSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startAgent } from '../../src/agent/main';
import type { CapabilityOf } from '../../src/drivers/host';
import { fleetOf, handHeldCopy, nothingSent, token } from './agents';

/** An agent in a process of its own, to be killed. Its `copy.send` counts to the number of items and goes on where it was. */
const [url = '', stateDir = ''] = process.argv.slice(1);

const count = join(stateDir, 'count');
const send: CapabilityOf<'copy'>['send'] = async ({ items }, job) => {
  const from = existsSync(count) ? statSync(count).size : 0;
  appendFileSync(join(stateDir, 'starts'), `${from}\n`);
  for (let done = from + 1; done <= items.length; done++) {
    await pause(10, undefined, { signal: job.signal });
    appendFileSync(count, '.'); // one byte an item: a kill cannot tear it
    job.report({ done, total: items.length, unit: 'files', rate: 100, doneFiles: done });
  }
  return { ...nothingSent, items: items.length };
};

async function run(): Promise<void> {
  const drivers = handHeldCopy({ send }).table;
  const agent = await startAgent({ fleet: fleetOf({ a: url }), host: 'a', stateDir, token, drivers });
  process.once('SIGTERM', () => void agent.stop().then(() => process.exit(0)));
  process.stdout.write(`${agent.url}\n`);
}
void run();
