import { spawn } from 'node:child_process';
import { isIPv6 } from 'node:net';
import type { Place } from './place';

const table = 'inet evenkeel_fence';
const deadlineMs = 3_000;

/** The table in any state becomes the same one: nothing in it but what is closed. */
const frame = [
  `add table ${table}`,
  `add set ${table} closed { type ipv4_addr . inet_service; }`,
  `add set ${table} closed6 { type ipv6_addr . inet_service; }`,
  `add chain ${table} input { type filter hook input priority -10; policy accept; }`,
  `flush chain ${table} input`,
  `add rule ${table} input ip daddr . tcp dport @closed reject with tcp reset`,
  `add rule ${table} input ip6 daddr . tcp dport @closed6 reject with tcp reset`,
];

const element = ({ member: { address, port } }: Place): string =>
  `${table} ${isIPv6(address) ? 'closed6' : 'closed'} { ${address} . ${port} }`;

/**
 * Closes the member's port in the network namespace of the agent: everything sent to it is reset. The answer is undefined,
 * or why it could not be closed: killing is what counts, this only makes sure of whatever comes later.
 */
export const closePort = (place: Place): Promise<string | undefined> =>
  nft([...frame, `add element ${element(place)}`]);

/** Opens it again; done at once where it is open. */
export async function openPort(place: Place): Promise<string | undefined> {
  if ((await nft([`list table ${table}`])) !== undefined) return undefined; // nothing was ever closed here
  return nft([`add element ${element(place)}`, `delete element ${element(place)}`]);
}

/** One transaction. Undefined when it was done, else what nft complained of. */
function nft(commands: string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
    const child = spawn('nft', ['-f', '-'], {
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { ...process.env, PATH: path },
      timeout: deadlineMs,
      killSignal: 'SIGKILL',
    });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    child.once('error', ({ code, message }: NodeJS.ErrnoException) =>
      resolve(code === 'ENOENT' ? 'nft is not installed' : message),
    );
    child.once('close', (code, signal) =>
      resolve(code === 0 ? undefined : complaint.trim().split('\n')[0] || `nft ended with ${code ?? signal}`),
    );
    child.stdin.on('error', () => {}); // it ended before it read all: its complaint is the answer
    child.stdin.end(`${commands.join('\n')}\n`);
  });
}
