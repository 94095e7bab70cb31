import type { DriverTable } from './host';
import type { LoadTables } from './load/object';
import type { TrafficTables } from './traffic/parts';

/** Every driver, loaded when it is first needed: a line here is all that a new one needs. */
export const drivers: DriverTable = {
  files: async (host) => (await import('./files/disk.js')).disk(host),
  copy: async (host) => (await import('./copy/stream.js')).stream(host),
  watch: async (host) => (await import('./watch/watch.js')).watch(host),
  load: async (host) => (await import('./load/objects.js')).objects(host, loadTables),
  traffic: async (host) => (await import('./traffic/traffic.js')).traffic(host, trafficTables),
  role: async (host) => (await import('./role/postgres.js')).postgres(host),
};

/** Where a series may come from, and what may be resized. */
const loadTables: LoadTables = {
  sources: {
    csv: async () => (await import('./load/csv.js')).csv,
    prometheus: async () => (await import('./load/prometheus.js')).prometheus,
    postgres: async () => (await import('./load/postgres.js')).postgres,
  },
  resizers: {
    exec: async () => (await import('./load/exec.js')).exec,
    cgroup: async () => (await import('./load/cgroup.js')).cgroup,
    pgbouncer: async () => (await import('./load/pgbouncer.js')).pgbouncer,
    haproxy: async () => (await import('./load/haproxy.js')).haproxy,
    kubernetes: async () => (await import('./load/kubernetes.js')).kubernetes,
    webhook: async () => (await import('./load/webhook.js')).webhook,
  },
};

/** How endpoints are forwarded, and what forwarders and proxies do beside that. */
const trafficTables: TrafficTables = {
  routes: {
    nftables: async () => (await import('./traffic/nftables.js')).nftables,
    iptables: async () => (await import('./traffic/iptables.js')).iptables,
  },
  pooler: async () => (await import('./traffic/pooler.js')).pooler,
  dns: async () => (await import('./traffic/dns.js')).dns,
  address: async () => (await import('./traffic/address.js')).addresses,
  proxyProcess: async () => (await import('./traffic/proxyProcess.js')).proxyProcess,
};
