import { execFileSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stringify } from 'yaml';
import { createAuthority, issue } from '../../src/agent/authority';
import { connectOperator, type Operator } from '../../src/api/operator';
import { AgentProcess } from '../../src/laboratory/agentProcess';
import { Endings } from '../../src/laboratory/endings';
import { Network } from '../../src/laboratory/network';
import { startStack } from '../../src/stack/embedded';
import { eventually } from '../setup/eventually';
import { sentences } from '../setup/laboratory';
import { needs } from '../setup/needs';

const MiB = 1024 * 1024;
const total = 24 * MiB;
const names = ['old', 'new'] as const;

/** Two hosts in network namespaces, known to each other by certificates, and a control plane beside them. */
class Site {
  constructor(
    readonly folder: string,
    readonly network: Network,
    readonly operator: Operator,
    readonly tag: string,
  ) {}

  static async open(endings: Endings): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), 'evenkeel-site-'));
    endings.add(() => rmSync(folder, { recursive: true, force: true }));
    const tag = randomBytes(4).toString('hex');
    const network = await Network.open(endings, { old: 'old', new: 'new' });
    const certificates = join(folder, 'certs');
    await createAuthority(certificates, 'site');
    const fleet = async (name: string) => {
      const { cert, key } = await issue(certificates, { name, role: 'agent' });
      const hosts = names.map((host) => {
        mkdirSync(join(folder, 'stores', host), { recursive: true });
        const agent = `https://${network.hosts[host]!.address}:7443`;
        return [host, { agent, roots: [join(folder, 'stores', host)], zone: host }] as const;
      });
      const server = (host: string) => ({ fsvms: { [`${host}-fsvm`]: { host, root: join(folder, 'stores', host) } } });
      const file = join(folder, `${name}.yaml`);
      const fileServers = { [`legacy-${tag}`]: server('old'), [`files-${tag}`]: server('new') };
      const tls = { ca: join(certificates, 'ca.crt'), cert, key };
      writeFileSync(file, stringify({ fleet: 'site', hosts: Object.fromEntries(hosts), fileServers, tls }));
      return file;
    };
    for (const host of names) {
      const place = { host, fleetFile: await fleet(host), folder, namespace: network.hosts[host]!.namespace };
      await AgentProcess.start(endings, place);
    }
    process.env['EVENKEEL_TASK_QUEUE'] = `evenkeel-${tag}`;
    endings.add(() => delete process.env['EVENKEEL_TASK_QUEUE']);
    const stack = await startStack({ fleet: await fleet('worker'), stateDir: join(folder, 'state'), say: () => {} });
    endings.add(() => stack.stop());
    const operator = await connectOperator({ waitMs: 10_000 });
    endings.add(() => operator.close());
    return new Site(folder, network, operator, tag);
  }

  arrived(): number {
    const folder = join(this.folder, 'stores', 'new', 'item');
    const files = readdirSync(join(this.folder, 'stores', 'new')).includes('item') ? readdirSync(folder) : [];
    return files.reduce((sum, file) => sum + (statSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0), 0);
  }
}

const onLinux = needs('root', 'netns', 'rsync');
const moments = [0.1, randomInt(20, 80) / 100];

onLinux.each(moments.flatMap((at) => names.map((host) => ({ host, at }))))(
  'the link of the $host host is cut when $at of the bytes have arrived, and mended: the same verified end',
  async ({ host, at }) => {
    const endings = new Endings();
    try {
      const site = await Site.open(endings);
      mkdirSync(join(site.folder, 'stores', 'old', 'item'));
      for (let n = 0; n < 120; n++)
        writeFileSync(join(site.folder, 'stores', 'old', 'item', `${n}`), Buffer.alloc(total / 120, n));
      const input = { from: `legacy-${site.tag}`, to: `files-${site.tag}`, bandwidth: 6 * MiB };
      const { id } = await site.operator.start('ingest-vfs', input, 'ann');
      await eventually(
        async () => {
          if (site.arrived() >= at * total) return true;
          const run = await site.operator.show(id);
          throw new Error(`${run.phase}: ${sentences(run).join('\n')} ${run.failure?.message ?? ''}`);
        },
        { timeoutMs: 30_000, everyMs: 5 },
      );
      await site.network.cut(host);
      const then = site.arrived();
      await pause(8_000);
      expect(site.arrived() - then).toBeLessThan(9 * MiB);
      await site.network.mend(host);
      const done = await eventually(
        async () => {
          const run = await site.operator.show(id);
          return run.endedAt === undefined ? undefined : run;
        },
        { timeoutMs: 90_000, everyMs: 200 },
      );
      expect([done.phase, done.failure]).toEqual(['done', undefined]);
      expect(done.report!.result).toMatchObject({ verifiedItems: 1, failedFiles: 0 });
      const flags = ['-aHAXn', '--no-D', '--modify-window=-1', '--delete', '--checksum', '--itemize-changes'];
      const ends = names.map((side) => `${join(site.folder, 'stores', side, 'item')}/`);
      expect(execFileSync('rsync', [...flags, ...ends], { encoding: 'utf8' })).toBe('');
    } finally {
      await endings.close();
    }
  },
  150_000,
);
