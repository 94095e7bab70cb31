import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LookupTable } from '../../contract/capabilities/files';

/** The items of a store that some file server serves already, as this host knows it. */
export function servedItems(stateDir: string, root: string): string[] {
  const folder = join(stateDir, 'tables');
  if (!existsSync(folder)) return [];
  const tables = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as LookupTable);
  return tables
    .filter(({ state }) => state === 'serving')
    .flatMap(({ items, roots }) => Object.keys(items).filter((item) => roots?.[items[item] ?? ''] === root));
}
