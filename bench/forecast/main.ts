import { cleanly } from '../../src/laboratory/endings';
import { readOptions } from '../options';
import { Table } from '../table';
import { judged } from './judges';
import { own } from './own';

/** `npm run bench -- forecast`: how near forecasts and provisioning come, beside peers, on data of ours or in the folder of --data. */
export async function main(args: string[]): Promise<void> {
  const options = readOptions(args);
  const table = new Table();
  const say = (line: string) => console.error(line);
  const begin = performance.now();
  try {
    await cleanly(async (endings) => {
      if (options.data === undefined) own({ options, table, say });
      else await judged({ options, table, say, endings, folder: options.data });
    });
  } finally {
    say(`took ${Math.round((performance.now() - begin) / 1000)} s`);
    if (table.rows.length > 0) console.log(`\n${table.toString()}`);
    if (options.json !== undefined) table.write(options.json);
    if (table.rows.some(({ why }) => why?.startsWith('ours failed'))) process.exitCode = 1;
  }
}
