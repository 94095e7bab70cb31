import { z } from 'zod';
import { MemberView } from '../contract/capabilities/role';
import { RouteView } from '../contract/capabilities/traffic';
import { FailoverReport, ProxyReport } from '../contract/failoverReports';
import { Autonomy } from '../contract/guarded';
import { Sight } from '../contract/sights';
import { GuardView } from './guardView';
import { Failure, RunSummary } from './views';

const placed = { host: z.string(), zone: z.string().exactOptional() };
const silent = z.string().exactOptional().describe('why it does not answer');

/** What was done last, and what came of it. */
const last = <T extends z.ZodType>(report: T) =>
  z.object({ run: RunSummary, report: report.exactOptional(), failure: Failure.exactOptional() }).exactOptional();

const guarded = {
  autonomy: Autonomy,
  maintenance: z.string().exactOptional().describe('why nothing fails over by itself now'),
  guard: GuardView,
  does: z.string().describe('what is done when it fails'),
};

const Member = z.object({
  member: z.string(),
  ...placed,
  state: MemberView.shape.state.exactOptional(),
  timeline: z.number().int().exactOptional(),
  sync: z.enum(['sync', 'quorum', 'potential', 'async']).exactOptional().describe('as the primary sees it'),
  streaming: z.boolean().exactOptional(),
  lagBytes: z.number().exactOptional().describe('WAL that it has not flushed, as the primary sees it'),
  silent,
});

/** An endpoint as its members, forwarders and observers tell it now. */
export const EndpointView = z.object({
  endpoint: z.string(),
  name: z.string().describe('the DNS name that clients use'),
  port: z.number().int(),
  ...guarded,
  primary: z.string().exactOptional(),
  verdict: z.string().exactOptional().describe('what the observers think of the primary'),
  says: z.string().exactOptional().describe('the same as a sentence'),
  members: z.array(Member),
  forwarders: z.array(
    z.object({
      forwarder: z.string(),
      ...placed,
      state: RouteView.shape.state.exactOptional(),
      epoch: z.number().int().exactOptional(),
      to: z.string().exactOptional().describe('the member it forwards to, or an address that is none'),
      silent,
    }),
  ),
  observers: z.array(
    z.object({
      observer: z.string(),
      zone: z.string().exactOptional(),
      vote: z.enum(['down', 'up', 'abstains']),
      saw: z.string(),
    }),
  ),
  cautions: z.array(z.string()).describe('what has to be mended before a failover can be relied on'),
  last: last(FailoverReport).describe('its last failover'),
});
export type EndpointView = z.output<typeof EndpointView>;

/** Two proxies as both of their hosts tell it now. */
export const PairView = z.object({
  pair: z.string(),
  by: z.enum(['address', 'nftables']),
  ...guarded,
  nodes: z.array(
    z.object({
      node: z.string(),
      ...placed,
      address: z.string().describe('what its clients connect to'),
      well: z.boolean().describe('everybody who looks hears its proxy'),
      servedBy: z.array(z.string()).describe('who says that it has its address'),
      epoch: z.number().int(),
      seen: z.array(z.object({ observer: z.string(), says: Sight.shape.says, why: z.string().exactOptional() })),
      silent,
    }),
  ),
  last: last(ProxyReport).describe('the last failover of one of them'),
});
export type PairView = z.output<typeof PairView>;

/** All that is guarded, and what of it could not be looked at. */
export interface GuardedView {
  endpoints: EndpointView[];
  pairs: PairView[];
}
