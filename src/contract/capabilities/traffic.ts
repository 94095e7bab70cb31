import { z } from 'zod';
import { Port } from '../guarded';
import { Lease, type Operations } from '../operations';

const Endpoint = z.string().min(1);
const Pair = z.string().min(1);
const Target = z.object({ address: z.string(), port: Port });

/** Where a forwarder sends an endpoint's connections. `closed` answers every packet with a reset, never with silence. */
export const RouteView = z.object({
  endpoint: z.string(),
  state: z.enum(['open', 'closed', 'absent']),
  /** Under which it was last changed; 0 when it never was. It is in the kernel: a change that expects another one is refused. */
  epoch: z.number().int().nonnegative(),
  to: Target.optional(),
  /** Addresses to which nothing is let through any more. */
  rejected: z.array(z.string()),
});
export type RouteView = z.output<typeof RouteView>;

/**
 * Who has the address of a node of a pair of proxies, as one of the two hosts sees it. By nftables the address stays where it
 * is: its own host has it unless it redirects it, and the other one has it while it was told to take it.
 */
export const HolderView = z.object({
  node: z.string(),
  /** This host has it. */
  held: z.boolean(),
  epoch: z.number().int().nonnegative(),
});
export type HolderView = z.output<typeof HolderView>;

export const traffic = {
  routes: {
    kind: 'look',
    summary: 'Where this forwarder sends the connections of an endpoint',
    role: 'viewer',
    input: z.object({ endpoint: Endpoint }),
    output: RouteView,
  },
  close: {
    kind: 'act',
    summary:
      'Close the route of an endpoint, if its epoch in the kernel is still `from`: one transaction that deletes the old epoch and adds the new one. Where `from` is the epoch of the lease itself, it is closed for the time being, and `open` under that epoch opens it again',
    role: 'agent',
    input: z.object({
      endpoint: Endpoint,
      from: z.number().int().nonnegative(),
      lease: Lease,
      /** Connections with these addresses are reset, as are those with the address it was open to. */
      reject: z.array(z.string()).default([]),
    }),
    output: RouteView,
  },
  open: {
    kind: 'act',
    summary: 'Open the route of an endpoint, if it was closed under the same epoch, or never was open',
    role: 'agent',
    input: z.object({ endpoint: Endpoint, lease: Lease, to: Target }),
    output: RouteView,
  },
  free: {
    kind: 'act',
    summary:
      'Reset the connections that still wait for an address which no longer answers: each client is provoked to send, and what it sends is reset',
    role: 'agent',
    input: z.object({ endpoint: Endpoint, address: z.string() }),
    output: z.object({
      /** Connections that waited, and those that still do. */
      found: z.number().int(),
      left: z.number().int(),
      tookMs: z.number(),
    }),
  },
  pause: {
    kind: 'act',
    summary: 'Let the pooler of this forwarder hold its clients: transactions end, new ones wait',
    role: 'agent',
    input: z.object({ endpoint: Endpoint, deadlineMs: z.number().int().positive().default(5_000) }),
    output: z.object({ paused: z.boolean(), tookMs: z.number() }),
  },
  resume: {
    kind: 'act',
    summary: 'Let the pooler of this forwarder go on; done at once when it was not paused',
    role: 'agent',
    input: z.object({ endpoint: Endpoint }),
    output: z.object({ paused: z.boolean(), tookMs: z.number() }),
  },
  resolve: {
    kind: 'look',
    summary: 'The forwarders that the DNS name of an endpoint says',
    role: 'viewer',
    input: z.object({ endpoint: Endpoint }),
    output: z.object({ addresses: z.array(z.string()), ttlSeconds: z.number().int().optional() }),
  },
  announce: {
    kind: 'act',
    summary: 'Add a forwarder to the DNS name, or take it away; the answer is what the server says then (RFC 2136)',
    role: 'agent',
    input: z.object({
      endpoint: Endpoint,
      lease: Lease,
      address: z.string(),
      as: z.enum(['member', 'gone']),
    }),
    output: z.object({ addresses: z.array(z.string()) }),
  },
  holders: {
    kind: 'look',
    summary: 'Which addresses of a pair of proxies this host has',
    role: 'viewer',
    input: z.object({ pair: Pair }),
    output: z.object({ holders: z.array(HolderView) }),
  },
  take: {
    kind: 'act',
    summary: "Take a node's address, if its epoch is still `from`: neighbours are told by the kernel itself",
    role: 'agent',
    input: z.object({ pair: Pair, node: z.string(), from: z.number().int().nonnegative(), lease: Lease }),
    output: HolderView,
  },
  release: {
    kind: 'act',
    summary: "Give a node's address up, if its epoch is not newer; done at once when it is not held",
    role: 'agent',
    input: z.object({ pair: Pair, node: z.string(), lease: Lease }),
    output: HolderView,
  },
  startProxy: {
    kind: 'act',
    summary: "Start this host's proxy of a pair, if it does not answer; a hung one is killed first",
    role: 'agent',
    input: z.object({ pair: Pair, deadlineMs: z.number().int().positive().default(5_000) }),
    output: z.object({
      /** Left out when somebody else started it. */
      pid: z.number().int().optional(),
      started: z.boolean(),
      /** A process that ran and did not answer was killed. */
      killed: z.boolean(),
      tookMs: z.number(),
    }),
  },
} as const satisfies Operations;

export type TrafficInput<N extends keyof typeof traffic> = z.output<(typeof traffic)[N]['input']>;
