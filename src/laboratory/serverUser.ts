import { execFileSync, spawnSync } from 'node:child_process';

/** The user of the system that database and poolers run as: neither of them runs as root. */
export interface ServerUser {
  name: string;
  uid: number;
  gid: number;
}

/** `postgres`, as Debian's package makes it, or `nobody`. */
export function serverUser(): ServerUser {
  const name = spawnSync('id', ['-u', 'postgres']).status === 0 ? 'postgres' : 'nobody';
  const idOf = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { name, uid: idOf('-u'), gid: idOf('-g') };
}

/** The words before a command that is to run as that user, and to end with the process that started it. */
export const as = ({ uid, gid }: ServerUser): string[] => [
  ...['setpriv', '--reuid', String(uid), '--regid', String(gid), '--clear-groups'],
  // Behind the change of the user: that takes it away.
  ...['--pdeathsig', 'INT', '--'],
];
