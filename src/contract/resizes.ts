import { z } from 'zod';
import { Database, Secret, Web } from './series';

const Command = z.array(z.string()).min(1);

export const Exec = z.strictObject({
  by: z.literal('exec'),
  set: Command.refine((words) => words.some((word) => word.includes('{size}')), 'a command with {size} in it').describe(
    'the command that resizes, word by word, without a shell; {size} is the new size',
  ),
  read: Command.describe('the command that prints the present size'),
  timeoutSeconds: z.number().positive().max(20).default(8).describe('for each of the two'),
  unit: z.string().default('units'),
});
export type Exec = z.output<typeof Exec>;

export const Cgroup = z.strictObject({
  by: z.literal('cgroup'),
  path: z.string().startsWith('/').describe("the control group, below the host's roots"),
  what: z.enum(['cpu', 'memory']).describe('cpu: in cores; memory: in bytes'),
});
export type Cgroup = z.output<typeof Cgroup>;

export const Pgbouncer = z.strictObject({
  by: z.literal('pgbouncer'),
  url: Database.describe('its admin console: postgres://admin@host:6432/pgbouncer'),
  password: Secret.optional(),
  database: z.string().optional().describe('the database whose pool must follow'),
});
export type Pgbouncer = z.output<typeof Pgbouncer>;

export const Haproxy = z.strictObject({
  by: z.literal('haproxy'),
  socket: z.string().startsWith('/').describe('its runtime socket, with level admin'),
  what: z.enum(['weight', 'maxconn']),
  proxy: z
    .string()
    .regex(/^[\w.:-]+$/)
    .describe('the backend, or for maxconn a frontend'),
  server: z
    .string()
    .regex(/^[\w.:-]+$/)
    .optional()
    .describe('the server of that backend; left out for a frontend'),
});
export type Haproxy = z.output<typeof Haproxy>;

const Label = z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/);

export const Kubernetes = z.strictObject({
  by: z.literal('kubernetes'),
  url: Web.describe('its API server: https://host:6443'),
  namespace: Label.default('default'),
  kind: z.enum(['deployment', 'statefulset']).default('deployment'),
  name: Label,
  what: z.enum(['replicas', 'cpu', 'memory']).default('replicas'),
  container: Label.optional().describe('for cpu and memory: which container of its pods'),
  token: Secret.optional(),
  ca: z.string().startsWith('/').optional().describe('certificates of its authority'),
});
export type Kubernetes = z.output<typeof Kubernetes>;

export const Webhook = z.strictObject({
  by: z.literal('webhook'),
  url: Web.describe('where the new size is posted'),
  read: Web.optional().describe('where the present size is asked for; left out, nobody can check'),
  secret: Secret.describe('signs each request: { file: /path } or { env: NAME }'),
  unit: z.string().default('units'),
  ca: z.string().startsWith('/').optional().describe('certificates of its authority'),
});
export type Webhook = z.output<typeof Webhook>;

export const Resize = z.discriminatedUnion('by', [Exec, Cgroup, Pgbouncer, Haproxy, Kubernetes, Webhook]);
export type Resize = z.output<typeof Resize>;
