import { z } from 'zod';

/** Where a secret lies. Never the secret itself: a fleet file is read by many, and parts of it reach a history. */
export const Secret = z
  .union([
    z.strictObject({ file: z.string().startsWith('/') }),
    z.strictObject({ env: z.string().regex(/^[A-Za-z_]\w*$/) }),
  ])
  .describe('{ file: /path } or { env: NAME }, never the secret itself')
  .meta({ secret: true });
export type Secret = z.output<typeof Secret>;

const openAddress = (address: string) => URL.canParse(address) && new URL(address).password === '';
const says = 'no password in an address: name its file or environment variable';

export const Web = z.url({ protocol: /^https?$/ }).refine(openAddress, says);
export const Database = z
  .url({ protocol: /^postgres(ql)?$/, hostname: /.*/ })
  .refine((address) => openAddress(address) && !/[?&]password=/i.test(address), says)
  .describe('postgres://user@host:5432/database, without a password');

/** How several values within one step become one. */
export const combinations = ['mean', 'max', 'sum', 'last'] as const;
const Combine = z.enum(combinations).default('mean').describe('how several values within a step become one');

export const Csv = z.strictObject({
  from: z.literal('csv'),
  file: z.string().startsWith('/').describe("below the host's roots"),
  time: z.string().optional().describe('the column of the time, by its heading; the first when left out'),
  value: z.string().optional().describe('the column of the value, by its heading; the second when left out'),
  combine: Combine,
});
export type Csv = z.output<typeof Csv>;

export const Prometheus = z.strictObject({
  from: z.literal('prometheus'),
  url: Web.describe('where Prometheus listens: http://prometheus:9090'),
  query: z.string().min(1).describe('any PromQL that returns one series; its value at the end of a step counts for it'),
  bearer: Secret.optional(),
  user: z.string().optional().describe('for basic authentication'),
  password: Secret.optional(),
  ca: z.string().startsWith('/').optional().describe('certificates of its authority, if that is a private one'),
});
export type Prometheus = z.output<typeof Prometheus>;

export const Postgres = z.strictObject({
  from: z.literal('postgres'),
  url: Database,
  query: z
    .string()
    .regex(/\$1\b[^]*\$2\b/, 'a query with $1 and $2, the beginning and the end of the time that is asked for')
    .describe('returns time and value, for the time from $1 to $2'),
  password: Secret.optional(),
  ca: z.string().startsWith('/').optional().describe('certificates of its authority: TLS is then demanded'),
  combine: Combine,
});
export type Postgres = z.output<typeof Postgres>;

export const Series = z.discriminatedUnion('from', [Csv, Prometheus, Postgres]);
export type Series = z.output<typeof Series>;
