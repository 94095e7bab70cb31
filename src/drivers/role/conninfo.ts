import { join } from 'node:path';
import type { Member } from '../../contract/endpoints';
import { readSecret } from '../load/secret';
import { removeFrom, replaceIn } from './dataFiles';
import { dataOf, peerOf, type Place } from './place';

const passfile = 'evenkeel.pass';

/**
 * How this member reaches another as libpq wants it. The password stands in a file of its own that only the owner of the
 * data directory reads: never in a setting, which every view, log and copy shows, nor in an argument.
 */
export function conninfoTo(place: Place, peer: string): string {
  const member = peerOf(place, peer);
  const data = dataOf(place);
  if (member.password) replaceIn(data, passfile, passLine(member, readSecret(member.password)));
  else removeFrom(data, passfile);
  const words = {
    ...{ host: member.address, port: String(member.port), user: member.user },
    ...(member.password && { passfile: join(data, passfile) }),
    // A primary that vanished without a word is given up in seconds, not after the two hours of TCP.
    ...{ connect_timeout: '2', keepalives_idle: '3', keepalives_interval: '1', keepalives_count: '3' },
  };
  return Object.entries(words)
    .map(([name, value]) => `${name}=${quoted(value)}`)
    .join(' ');
}

function passLine({ address, port, user }: Member, password: string): string {
  const escaped = [address, String(port), '*', user, password].map((field) => field.replace(/[\\:]/g, '\\$&'));
  return `${escaped.join(':')}\n`;
}

export const quoted = (value: string): string => `'${value.replace(/[\\']/g, '\\$&')}'`;
