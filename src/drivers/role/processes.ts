import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { basename, join } from 'node:path';
import { Refusal } from '../../contract/errors';

/** The postmaster that a data directory names, if it lives and really works in that directory: the file outlives a kill. */
export function postmasterOf(data: string): number | undefined {
  const pid = namedPid(data);
  // A negative one is a single-user server, as pg_rewind runs it: it listens nowhere.
  if (pid === undefined || pid <= 0) return undefined;
  const belongs = belongsTo(data, pid);
  if (belongs === 'hidden')
    throw new Refusal('NotPermitted', {
      what: `a look at process ${pid} of ${data}`,
      why: 'the agent has to run as root or as the owner of the data directory',
    });
  return belongs === 'yes' ? pid : undefined;
}

/** Every process of PostgreSQL that works in a data directory, with a postmaster or orphaned. */
export const processesOf = (data: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => belongsTo(data, pid) === 'yes');

/** A pg_rewind of that directory which goes on after its agent ended. */
export const isRewound = (data: string): boolean =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      const words = readFrom(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))?.split('\0') ?? [];
      return basename(words[0] ?? '') === 'pg_rewind' && words.includes(data);
    });

/** Kills a process that was just seen to belong to a data directory; one that ended meanwhile is no error. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** When a process began, in ticks since the boot: with its number it names one process for good. */
export function birthOf(pid: number): string | undefined {
  const stat = readFrom(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

/** `D` is in the kernel and dies only when that lets go of it. */
export function stateOf(pid: number): string | undefined {
  const stat = readFrom(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return stat?.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
}

/** Something listens at the address, or at all addresses, as the kernel's own table says. */
export function listens(address: string, port: number): boolean {
  const wanted = [kernelForm(address), '0'.repeat(8), '0'.repeat(32)];
  const end = port.toString(16).toUpperCase().padStart(4, '0');
  return ['tcp', 'tcp6'].some((table) =>
    (readFrom(() => readFileSync(`/proc/net/${table}`, 'utf8')) ?? '')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .some(([, local = '', , state]) => state === listening && wanted.some((at) => local === `${at}:${end}`)),
  );
}

const listening = '0A';

/** As /proc/net/tcp writes an address: words of 32 bits, each with its last byte first. */
function kernelForm(address: string): string {
  const words = isIPv6(address) ? wordsOfIPv6(address) : [address.split('.').map(Number)];
  return words.map((bytes) => Buffer.from(bytes).reverse().toString('hex').toUpperCase()).join('');
}

function wordsOfIPv6(address: string): number[][] {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string | undefined) => (text ? text.split(':').map((group) => parseInt(group, 16)) : []);
  const [first, last] = [groups(head), groups(tail)];
  const all = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
  const bytes = all.flatMap((group) => [group >> 8, group & 0xff]);
  return [0, 4, 8, 12].map((from) => bytes.slice(from, from + 4));
}

/** By directory, not by its name: a container or a bind mount may call it something else. */
function belongsTo(data: string, pid: number): 'yes' | 'no' | 'hidden' {
  try {
    const [ours, theirs] = [statSync(data), statSync(`/proc/${pid}/cwd`)];
    if (ours.dev !== theirs.dev || ours.ino !== theirs.ino) return 'no';
    const program = basename(readlinkSync(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, '');
    return /^(postgres|postmaster)$/.test(program) ? 'yes' : 'no';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return 'no'; // it ended, or is one of the kernel's own
    if (code === 'EACCES' || code === 'EPERM') return 'hidden';
    throw error;
  }
}

function namedPid(data: string): number | undefined {
  const first = readFrom(() => readFileSync(join(data, 'postmaster.pid'), 'utf8'))?.split('\n', 1)[0];
  return first === undefined || !/^-?\d+$/.test(first) ? undefined : Number(first);
}

function readFrom(read: () => string): string | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined; // no such process, or no such file
    throw error;
  }
}
