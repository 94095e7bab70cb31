import { z } from 'zod';
import { version } from '../../agent/version';
import { EndpointView, PairView } from '../endpointView';
import { ObjectView } from '../objectView';
import { route, type Route } from '../route';
import { FleetView } from '../views';

/** What is there, and whether the API itself works. */
export const aboutRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/fleet',
    operationId: 'showFleet',
    summary: 'The hosts of the fleet, and what their agents answer now',
    role: 'viewer',
    answer: FleetView,
    handle: ({ fleet }) => fleet(),
  }),
  route({
    method: 'GET',
    path: '/v1/objects',
    operationId: 'listObjects',
    summary: 'What has its load forecast: load, forecast, size, and what was decided on it last',
    description: 'As it was at most half a minute ago; `trouble` says what could not be looked at.',
    role: 'viewer',
    answer: z.object({ objects: z.array(ObjectView) }),
    handle: async ({ objects }) => ({ objects: await objects() }),
  }),
  route({
    method: 'GET',
    path: '/v1/endpoints',
    operationId: 'listEndpoints',
    summary:
      'The endpoints of the fleet: members, routes, what the observers see now, who guards them, the last failover',
    description: 'As it was at most a few seconds ago.',
    role: 'viewer',
    answer: z.object({ endpoints: z.array(EndpointView) }),
    handle: async ({ guarded }) => ({ endpoints: (await guarded()).endpoints }),
  }),
  route({
    method: 'GET',
    path: '/v1/proxies',
    operationId: 'listProxies',
    summary: 'The pairs of proxies of the fleet: who serves whose clients now, who guards them, the last failover',
    description: 'As it was at most a few seconds ago.',
    role: 'viewer',
    answer: z.object({ pairs: z.array(PairView) }),
    handle: async ({ guarded }) => ({ pairs: (await guarded()).pairs }),
  }),
  route({
    method: 'GET',
    path: '/healthz',
    operationId: 'healthz',
    summary: 'Does the API work, and does it reach Temporal',
    role: 'anyone',
    answer: z.object({ ok: z.boolean(), version: z.string() }),
    async handle({ operator }) {
      await operator.client.withDeadline(Date.now() + 3_000, () => operator.client.workflowService.getSystemInfo({}));
      return { ok: true, version };
    },
  }),
];
