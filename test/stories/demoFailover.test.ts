import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/stack/places';
import { needs } from '../setup/needs';

const linux = needs('root', 'netns', 'ip', 'nft', 'postgres', 'pgbouncer', 'knotd');

linux(
  'the demo kills a primary that nobody guards, shows the gap, and holds what clients were told against what is there',
  async () => {
    const command = [join(packageRoot, 'bin', 'evenkeel.js'), 'demo', 'failover', '--unguarded'];
    const { pid, status, out } = await new Promise<{ pid: number; status: number; out: string }>((resolve) => {
      const demo = execFile(process.execPath, command, { env: process.env }, (error, stdout) =>
        resolve({ pid: demo.pid!, status: error ? Number(error.code) : 0, out: stdout }),
      );
    });
    expect(out).toMatch(/writes\/s by p1, timeline 1/);
    expect(out).toMatch(/✂ kill -9 of p1/);
    expect(out).toMatch(/1 +\+0 ms +p1 is killed\n +2 +\+[\d.]+ s +the first write is acknowledged, by p1, timeline 1/);
    expect(out).toMatch(/✔ All \d+ acknowledged writes are in the table, each exactly once\./);
    expect(out).toMatch(/No client could write for [\d.]+ s/);
    expect(status).toBe(0);
    expect(readdirSync('/run/netns').filter((name) => name.startsWith(`ek${pid}n`))).toEqual([]);
  },
  120_000,
);
