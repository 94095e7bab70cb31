import { z } from 'zod';
import { FreezeBy } from './capabilities/files';
import { EndpointEntry, ProxiesEntry } from './endpoints';
import { Name } from './guarded';
import { ObjectEntry } from './objects';

/** A machine with an agent. The agent touches nothing outside `roots`. */
export const HostEntry = z.strictObject({
  agent: z.url({ protocol: /^https?$/ }).describe('where its agent listens, https://… (http://… on loopback only)'),
  zone: z.string().optional().describe('failure domain'),
  roots: z.array(z.string().startsWith('/')).default([]).describe('directories the agent may touch; nothing else'),
  bulk: z
    .strictObject({ address: z.string().optional(), port: z.number().int().min(0).max(65535).default(0) })
    .prefault({})
    .describe('where it takes bulk data: another interface, a fixed port'),
});

/** An FSVM: a host and the directory whose top-level entries are its storage items. Their order is their ordinal. */
export const FsvmEntry = z.strictObject({
  host: z.string(),
  root: z.string().startsWith('/'),
  items: z.array(z.string()).optional().describe('only these top-level entries; all of them when left out'),
});

export const FileServerEntry = z.strictObject({
  fsvms: z.record(Name, FsvmEntry),
  freeze: FreezeBy.default({ how: 'watch' }).describe('how the source is kept from changing at cutover'),
});

/** Safety rails that hold for every runbook. */
export const Limits = z.strictObject({
  maxConcurrency: z.number().int().positive().default(16).describe('jobs at once, over the whole fleet'),
  maxErrors: z.number().int().nonnegative().default(1000).describe('failed files after which a run stops and asks'),
  minHealthy: z
    .number()
    .min(0)
    .max(1)
    .default(0.51)
    .describe('share of the hosts that must answer before anything acts'),
  paused: z.array(z.string()).default([]).describe('hosts that no run touches'),
  freeze: z
    .union([z.literal(false), z.string().min(1)])
    .default(false)
    .describe('stop the line: the reason, or false'),
});

export const Fleet = z.strictObject({
  fleet: Name,
  hosts: z.record(Name, HostEntry),
  fileServers: z.record(Name, FileServerEntry).default({}),
  objects: z.record(Name, ObjectEntry).default({}),
  endpoints: z.record(Name, EndpointEntry).default({}),
  proxies: z.record(Name, ProxiesEntry).default({}),
  limits: Limits.prefault({}),
  tls: z
    .strictObject({ ca: z.string(), cert: z.string(), key: z.string() })
    .optional()
    .describe('files made by `evenkeel certs`; without them only loopback is spoken to'),
  notify: z
    .strictObject({ webhook: z.url().optional(), exec: z.array(z.string()).min(1).optional() })
    .optional()
    .describe(
      'told when a run waits for a yes, an answer or another run, fails, or has done what nobody may have watched',
    ),
});
export type Fleet = z.output<typeof Fleet>;
export type FileServer = z.output<typeof FileServerEntry>;
