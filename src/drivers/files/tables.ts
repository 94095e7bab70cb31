import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LookupTable } from '../../contract/capabilities/files';
import { Refusal } from '../../contract/errors';
import { replaceDurably } from '../durable';
import type { Host } from '../host';

const fileOf = (stateDir: string, fileServer: string): string =>
  join(stateDir, 'tables', `${createHash('sha256').update(fileServer).digest('hex').slice(0, 32)}.json`);

export function readTable(stateDir: string, fileServer: string): LookupTable | null {
  try {
    return JSON.parse(readFileSync(fileOf(stateDir, fileServer), 'utf8')) as LookupTable;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Durable before it is answered: a table that was acknowledged is there after a power cut. */
export function writeTable({ stateDir, name }: Host, table: LookupTable): LookupTable {
  const known = readTable(stateDir, table.fileServer);
  if (known !== null && table.epoch < known.epoch) {
    throw new Refusal('StaleEpoch', { target: table.fileServer, known: known.epoch, host: name, given: table.epoch });
  }
  replaceDurably(fileOf(stateDir, table.fileServer), JSON.stringify(table));
  return table;
}
