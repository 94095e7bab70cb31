import { cleanly } from '../../src/laboratory/endings';
import { readyForFailover } from '../../src/laboratory/failoverNeeds';
import { readOptions } from '../options';
import { endpoints } from './endpoints';
import { measure } from './family';
import { Figures } from './figures';
import { proxies } from './proxies';
import { starved } from './starved';

/** `npm run bench -- failover`: proxies and the single endpoint, beside keepalived and Patroni, in the same namespaces. */
export async function main(args: string[]): Promise<void> {
  const options = readOptions(args, '10');
  const figures = new Figures();
  const say = (line: string) => console.error(line);
  const work = { options, figures, say };
  const hungMs = options.hungSeconds * 1_000;
  const begin = performance.now();
  try {
    readyForFailover(say);
    await cleanly(async (endings) => {
      await measure(proxies(endings, hungMs, say), work);
      await measure(endpoints(endings, hungMs, say), work);
      await starved(endings, work);
    });
  } finally {
    say(`took ${Math.round((performance.now() - begin) / 1000)} s`);
    if (figures.rows.length > 0) console.log(`\n${figures.toString()}`);
    if (options.json !== undefined) figures.write(options.json);
    if (figures.rows.some(({ why }) => why?.startsWith('ours failed'))) process.exitCode = 1;
  }
}
