import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { createAgentClient } from '../agent/client';
import { Refusal } from '../contract/errors';
import { laboratoryFleet, makeLaboratory, rails } from '../fleet/example';
import { isLoopback } from '../contract/loopback';
import { ownToken } from '../stack/ownToken';
import { printLine } from './print';
import { laboratoryPorts } from './up';

interface Init {
  agent: string[];
  to: string;
  force?: boolean;
  ca?: string;
  cert?: string;
  key?: string;
}

interface Described {
  url: string;
  host: string;
  version: string;
  capabilities: string[];
  roots: string[];
}

export function addInit(parent: Command): void {
  parent
    .command('init')
    .description('Write a commented fleet.yaml: from what the agents say, or a laboratory on this machine.')
    .option(
      '--agent <url>',
      'an agent to ask; may be given several times',
      (url: string, before: string[]) => [...before, url],
      [],
    )
    .option('--to <file>', 'the file to write', 'fleet.yaml')
    .option('--force', 'replace it if it is there')
    .option('--ca <file>', 'the authority of the agents (`evenkeel certs`)')
    .option('--cert <file>', 'certificate shown to them')
    .option('--key <file>', 'its key')
    .action(async (options: Init) => {
      if (existsSync(options.to) && !options.force) throw new Refusal('FileExists', { path: options.to });
      writeFileSync(options.to, options.agent.length > 0 ? await askedFleet(options) : await laboratory());
      printLine(`Wrote ${options.to}`);
      printLine(
        options.agent.length > 0
          ? 'Next: name your file servers in it, then `evenkeel fleet check --online`'
          : 'Next: evenkeel up',
      );
    });
}

async function laboratory(): Promise<string> {
  const folder = resolve('evenkeel-laboratory');
  makeLaboratory(folder);
  printLine(`Made a laboratory in ${folder}: an old file server with five storage items, and an empty new one`);
  return laboratoryFleet({ folder, ports: await laboratoryPorts() });
}

async function askedFleet(options: Init): Promise<string> {
  const hosts = await Promise.all(options.agent.map((url) => ask(url, options)));
  const twice = hosts.find(({ host }, index) => hosts.findIndex((other) => other.host === host) < index);
  if (twice) throw new Refusal('BadInput', { what: `two of these agents say that they are "${twice.host}"` });
  const { ca, cert, key } = options;
  const tls =
    ca && cert && key
      ? `tls: { ca: ${JSON.stringify(ca)}, cert: ${JSON.stringify(cert)}, key: ${JSON.stringify(key)} }\n\n`
      : '';
  const root = hosts[0]?.roots[0] ?? '/srv/files';
  return `# Written from what the agents said; correct what they cannot know: zones and file servers.
fleet: my-fleet

# Machines with an agent. An agent touches nothing outside its roots; \`zone\` is the failure domain.
hosts:
${hosts.map(hostLines).join('\n')}

# A file server is its FSVMs: a host and the directory whose top-level entries are its storage items.
fileServers: {}
#  legacy:
#    fsvms:
#      one: { host: ${hosts[0]?.host}, root: ${JSON.stringify(root)} }

${tls}${rails}`;
}

const hostLines = ({
  url,
  host,
  version,
  capabilities,
  roots,
}: Described): string => `  # Evenkeel ${version}: ${capabilities.join(', ')}
  ${host}:
    agent: ${url}
    # zone: rack1
    roots: ${JSON.stringify(roots)}`;

async function ask(url: string, { ca, cert, key }: Init): Promise<Described> {
  const token = isLoopback(new URL(url).hostname) ? ownToken('viewer') : undefined;
  const tls = ca && cert && key ? { ca, cert, key } : undefined;
  const client = createAgentClient({
    host: new URL(url).hostname,
    url,
    ...(token !== undefined && { token }),
    ...(tls && { tls }),
  });
  try {
    return { url, ...(await client.host.describe({})) };
  } finally {
    client.close();
  }
}
