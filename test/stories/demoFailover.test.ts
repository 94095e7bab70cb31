import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/stack/places';
import { needs } from '../setup/needs';

const linux = needs('root', 'netns', 'ip', 'nft', 'postgres', 'pgbouncer', 'knotd');

interface Played {
  pid: number;
  status: number;
  out: string;
}

function demo(...flags: string[]): Promise<Played> {
  const command = [join(packageRoot, 'bin', 'evenkeel.js'), 'demo', 'failover', ...flags];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, command, { env: { ...process.env, COLUMNS: '100' } }, (error, out) =>
      resolve({ pid: child.pid!, status: error ? Number(error.code) : 0, out }),
    );
  });
}

const leftOf = ({ pid }: Played): string[] => readdirSync('/run/netns').filter((name) => name.startsWith(`ek${pid}n`));

linux(
  'the demo kills a proxy, then the primary: its clients are served again, nothing that they were told is lost, and the old primary rejoins',
  async () => {
    const played = await demo();
    const { status, out } = played;
    expect(out).toMatch(/✂ kill -9 of the pgbouncer of n1/);
    expect(out).toMatch(/\+\d+ ms ✔ Verify that n2 serves the clients of n1 at [\d.]+\n/);
    expect(out).toMatch(/\+\d+ ms ✔ Let n2 give [\d.]+ back to n1\n/);
    expect(out).toMatch(/by the agents: n2 took [\d.]+ \(\d+/);
    expect(out).toMatch(
      /✔ Clients of n1 could not write for [\d.]+ m?s\. All [\d\s]+ acknowledged writes are in the table/,
    );
    expect(out).toMatch(/✂ kill -9 of p1/);
    const sentences = [
      'Close orders on fa and fb, and fence p1',
      'Promote p2 on p2',
      'Open orders to p2 under epoch 3',
    ];
    for (const sentence of sentences) expect(out).toMatch(new RegExp(`\\+\\d+ ms ✔ ${sentence}\n`));
    expect(out).toMatch(/p2 took the place of p1, which was \w+: epoch 3, timeline 2\./);
    expect(out).toMatch(/\d +\+\S+ m?s {2}the standby is promoted/);
    expect(out).toMatch(/No client hung\./);
    expect(out).toMatch(/\+\d+ ms ✔ Rewind p1 as far as it diverged, and let it follow p2/);
    expect(status).toBe(0);
    expect(leftOf(played)).toEqual([]);
  },
  240_000,
);

linux(
  'the demo kills a primary that nobody guards, shows the gap, and holds what clients were told against what is there',
  async () => {
    const played = await demo('--unguarded');
    const { status, out } = played;
    expect(out).toMatch(/writes\/s by p1, timeline 1/);
    expect(out).toMatch(/✂ kill -9 of p1/);
    expect(out).toMatch(/1 +\+0 ms +p1 is killed\n +2 +\+[\d.]+ s +the first write is acknowledged, by p1, timeline 1/);
    expect(out).toMatch(/✔ All [\d\s]+ acknowledged writes are in the table, each exactly once\./);
    expect(out).toMatch(/No client could write for [\d.]+ s/);
    expect(status).toBe(0);
    expect(leftOf(played)).toEqual([]);
  },
  120_000,
);
