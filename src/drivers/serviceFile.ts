import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a service is started from: always the compiled one, since a child process cannot run TypeScript. */
export function serviceFile(service: string): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return join(folder, `dist/services/${service}/main.js`);
}
