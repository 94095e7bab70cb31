import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import type { Endings } from '../../src/laboratory/endings';
import type { NetworkHost } from '../../src/laboratory/network';

/** An address that a host has now and had not before. */
export interface Move {
  host: string;
  address: string;
  atMs: number;
}

/** Hears from the kernel of each host when it gets one of the addresses, whoever gave it. */
export class Moves {
  private readonly all: Move[] = [];
  private readonly held = new Set<string>();

  constructor(
    endings: Endings,
    hosts: Readonly<Record<string, NetworkHost>>,
    private readonly addresses: readonly string[],
  ) {
    for (const [host, { namespace }] of Object.entries(hosts)) {
      const args = ['-o', '-n', namespace, 'monitor', 'address'];
      const child = spawn('ip', args, { stdio: ['ignore', 'pipe', 'ignore'] });
      createInterface(child.stdout).on('line', (line) => this.hear(host, line));
      endings.add(async () => {
        const ended = child.exitCode === null && child.signalCode === null && once(child, 'exit');
        child.kill();
        await ended;
      });
    }
  }

  /** Whether that host has it, as far as was heard. */
  has(host: string, address: string): boolean {
    return this.held.has(`${host} ${address}`);
  }

  since(atMs: number): Move[] {
    return this.all.filter((move) => move.atMs >= atMs);
  }

  private hear(host: string, line: string): void {
    const address = this.addresses.find((one) => line.includes(` ${one}/`));
    if (address === undefined) return;
    const key = `${host} ${address}`;
    if (line.startsWith('Deleted')) return void this.held.delete(key);
    if (this.held.has(key)) return;
    this.held.add(key);
    this.all.push({ host, address, atMs: performance.timeOrigin + performance.now() });
  }
}

/** How many moves nothing called for: any before the fault, and after it any but that of the broken node's address to the other. */
export function illegitimate(
  moves: readonly Move[],
  faultMs: number,
  legitimate: Pick<Move, 'host' | 'address'>,
): number {
  const called = moves.find(
    ({ host, address, atMs }) => atMs >= faultMs && host === legitimate.host && address === legitimate.address,
  );
  return moves.length - (called ? 1 : 0);
}
