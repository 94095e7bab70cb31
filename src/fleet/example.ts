import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A fleet on this machine alone: an old file server with something in it, and an empty new one. */
export interface Laboratory {
  /** The directory that the four hosts share out among themselves. */
  folder: string;
  /** One port for each host, in the order of `laboratoryHosts`. */
  ports: readonly number[];
}

export const laboratoryHosts = ['old1', 'old2', 'new1', 'new2'] as const;

/** Where the agents of a laboratory listen if nobody else does. */
export const laboratoryPort = 7411;

export function laboratoryFleet({ folder, ports }: Laboratory): string {
  const host = (name: string, index: number) => `  ${name}:
    agent: http://127.0.0.1:${ports[index]}
    zone: ${name.startsWith('old') ? 'rack1' : 'rack2'}
    roots: [${JSON.stringify(join(folder, name))}]`;
  const fsvm = (name: string) =>
    `      ${name}: { host: ${name}, root: ${JSON.stringify(join(folder, name, 'items'))} }`;
  return `# A fleet of four hosts that are all this machine: \`evenkeel up\` starts their agents.
fleet: laboratory

# Machines with an agent. An agent touches nothing outside its roots; \`zone\` is the failure domain.
hosts:
${laboratoryHosts.map(host).join('\n')}

# A file server is its FSVMs: a host and the directory whose top-level entries are its storage items.
fileServers:
  legacy:
    fsvms:
${['old1', 'old2'].map(fsvm).join('\n')}
  files2:
    fsvms:
${['new1', 'new2'].map(fsvm).join('\n')}

${rails}`;
}

/** The rest of a fleet file, with what holds when it is left out. */
export const rails = `# What holds for every run. These are the defaults.
# limits:
#   maxConcurrency: 16   # jobs at once, over the whole fleet
#   maxErrors: 1000      # failed files after which a run stops and asks
#   minHealthy: 0.51     # share of the hosts that must answer before anything acts
#   paused: []           # hosts that no run touches
#   freeze: false        # stop the line: the reason, or false

# Something whose load is forecast, and whose size may follow; docs/objects.md has every source and every way to resize.
# objects:
#   web:
#     host: new1                     # whose agent asks and resizes
#     series: { from: prometheus, url: http://127.0.0.1:9090, query: 'sum(rate(http_requests_total[5m]))' }
#     resize: { by: exec, set: [/usr/local/bin/scale, web, '{size}'], read: [/usr/local/bin/scale, web] }
#     min: 2
#     max: 20
#     capacity: 100                  # load that one unit carries
#     autonomy: forecast             # only say it; ask: after an approval; act

# A PostgreSQL cluster behind one DNS name, and two proxies that stand in for each other: docs/failover.md has every field.
# endpoints:
#   orders:
#     name: orders.db.example
#     members: { p1: { host: p1, address: 10.0.0.1, data: /srv/pg }, p2: { host: p2, address: 10.0.0.2, data: /srv/pg } }
#     forwarders: { fa: { host: fa, address: 10.0.0.11 } }
#     observers: [fa, p2, et]        # hosts in different zones whose agents watch the primary
#     autonomy: ask                  # observe: only say it; act: fail over at once

# Past one machine: certificates of your own authority (\`evenkeel certs\`), and https:// agents.
# tls: { ca: certs/ca.pem, cert: certs/control.pem, key: certs/control.key }

# Told when a run waits for a yes, an answer or another run, fails, or has done what nobody may have watched.
# notify: { webhook: https://chat.example/hook, exec: [/usr/local/bin/page-me] }
`;

/** The directories of a laboratory, and on the old file server a few storage items to move. */
export function makeLaboratory(folder: string): void {
  for (const host of laboratoryHosts) mkdirSync(join(folder, host, 'items'), { recursive: true });
  for (const [index, item] of ['projects', 'home', 'scans', 'mail', 'archive'].entries()) {
    for (let file = 1; file <= 20; file++) {
      const path = join(
        folder,
        index % 2 === 0 ? 'old1' : 'old2',
        'items',
        item,
        `year-${2020 + (file % 4)}`,
        `${item}-${file}.txt`,
      );
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `${item} ${file}\n`.repeat(50 * file));
    }
  }
}
