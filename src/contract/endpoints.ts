import { z } from 'zod';
import { Amount, Duration } from './durations';
import { Address, Command, Guarding, Name, Port, probe } from './guarded';
import { Database, Secret } from './series';

/** One PostgreSQL of the cluster behind an endpoint: primary or standby, which of them it is says it itself. */
const Member = z.strictObject({
  host: z.string().describe('whose agent starts, fences and promotes it'),
  address: Address.describe('where forwarders and standbys reach it'),
  port: Port.default(5432),
  data: z.string().startsWith('/').describe("its data directory, below the host's roots"),
  bin: z.string().startsWith('/').optional().describe('where pg_ctl lies; found by the version of its data directory'),
  user: z
    .string()
    .default('postgres')
    .describe('a role that may promote: superuser, or granted pg_promote and the like'),
  database: z.string().default('postgres'),
  password: Secret.optional(),
  start: Command.optional().describe('starts it; left out, pg_ctl does, as the owner of its data directory'),
  powerOff: Command.optional().describe(
    'cuts the power of its host; an observer runs it where the host itself cannot prove that the member is dead; it ends with 0 only when that is certain',
  ),
  candidate: z.boolean().default(true).describe('whether it may become the primary'),
});
export type Member = z.output<typeof Member>;

/** A VM of one zone that forwards the endpoint's port to the primary. */
const Forwarder = z.strictObject({
  host: z.string(),
  address: Address.describe('what the DNS name says for it'),
  pooler: z
    .strictObject({ console: Database, password: Secret.optional() })
    .optional()
    .describe('a pgbouncer on it whose server is this forwarder itself: paused while a switch-over is made'),
});
export type Forwarder = z.output<typeof Forwarder>;

const Dns = z.strictObject({
  server: Address.describe('where updates are sent (RFC 2136)'),
  port: Port.default(53),
  zone: z.string().min(1),
  ttl: z.number().int().min(1).default(1).describe('seconds; it is about forwarders alone, never about the primary'),
  key: z
    .strictObject({
      name: z.string().min(1),
      algorithm: z.enum(['hmac-sha256', 'hmac-sha512']).default('hmac-sha256'),
      secret: Secret.describe('{ file: /path } or { env: NAME } with the key in base64'),
    })
    .optional()
    .describe('signs updates (TSIG, RFC 8945)'),
});
export type Dns = z.output<typeof Dns>;

/** A single endpoint: forwarders of several zones behind one DNS name, all forwarding to the primary. Durations are ms once read. */
export const EndpointEntry = z.strictObject({
  name: z.string().min(1).describe('the DNS name that clients use'),
  port: Port.default(5432).describe('the port that clients use at each forwarder'),
  members: z.record(Name, Member),
  forwarders: z.record(Name, Forwarder),
  observers: z.array(z.string()).min(3).describe('hosts whose agents watch the primary, in different zones'),
  by: z.enum(['nftables', 'iptables']).default('nftables').describe('how its forwarders forward'),
  dns: Dns.optional().describe('the server that is told when a forwarder leaves or joins; left out, nobody is'),
  probe: probe('100ms', '150ms'),
  ...Guarding,
  fence: z
    .enum(['host', 'sync'])
    .default('sync')
    .describe(
      'host: only when the old primary is proven dead; sync: also when it can acknowledge nothing, since its only synchronous standby is the new primary',
    ),
  mostLag: Amount.prefault(0).describe('bytes of WAL that may be lost without asking anybody'),
  armed: z
    .strictObject({
      after: Duration.prefault('1500ms').describe('how long the workflow has to act first'),
      expires: Duration.prefault('10min').describe('how long a plan is good for without being renewed'),
    })
    .optional()
    .describe('the agents may fail over by themselves when Temporal is down; left out, they never do'),
});
export type EndpointEntry = z.output<typeof EndpointEntry>;

const ProxyNode = z.strictObject({
  host: z.string(),
  address: Address.describe('what its clients connect to; it moves to the other node when its proxy fails'),
  port: Port.default(6432),
  device: z.string().default('eth0').describe('the interface that carries the address'),
  own: Address.describe('the address of the node itself, which never moves'),
  console: Database.describe('the admin console of its proxy: postgres://admin@host:6432/pgbouncer'),
  password: Secret.optional(),
  start: Command.optional().describe(
    'runs its proxy in the foreground; left out, the proxy is started by somebody else',
  ),
  as: z.string().default('postgres').describe('the user it runs as'),
});
export type ProxyNode = z.output<typeof ProxyNode>;

/** Two compute nodes with a proxy each: on the failure of one its access requests are redirected to the other. */
export const ProxiesEntry = z.strictObject({
  nodes: z.record(Name, ProxyNode).refine((nodes) => Object.keys(nodes).length === 2, 'exactly two nodes'),
  by: z
    .enum(['address', 'nftables'])
    .default('address')
    .describe(
      'address: its address moves (macvlan); nftables: the node itself redirects to the other (its host must live)',
    ),
  probe: probe('50ms', '100ms'),
  ...Guarding,
});
export type ProxiesEntry = z.output<typeof ProxiesEntry>;
