import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync } from 'node:fs';
import { dirname } from 'node:path';

export interface LesserUser {
  uid?: number;
  gid?: number;
}

/** PostgreSQL and pgbouncer refuse to run as root: then they run as nobody, in a folder that is given to them. */
export function lesserUser(folder: string): LesserUser {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  const user = { uid: idOf('-u'), gid: idOf('-g') };
  chmodSync(dirname(folder), 0o755);
  chownSync(folder, user.uid, user.gid);
  return user;
}
