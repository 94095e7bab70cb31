import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { endpointView } from '../../src/api/endpointLook';
import type { EndpointView, PairView } from '../../src/api/endpointView';
import { FleetAgents } from '../../src/api/fleetAgents';
import { operatorOn } from '../../src/api/operator';
import { statusDocument } from '../../src/api/page/document';
import { pairView } from '../../src/api/pairLook';
import { createApi } from '../../src/api/server';
import { freePort } from '../../src/stack/ports';
import { fleetOf, Scene } from './agents';

const scene = new Scene();
afterAll(() => scene.close());

const seen = { startMs: 1_700_000_000_000, stepMs: 100, members: { p1: [3, 3, 0, 0, 0, 0], p2: [0, 0, 0, 0, 3, 3] } };
const run = {
  ...{ id: 'fail-over-endpoint/orders', runId: 'r', runbook: 'fail-over-endpoint', title: '', target: 'orders' },
  ...{ phase: 'done' as const, by: 'guard-endpoint/orders', tookMs: 4_000 },
  ...{ startedAt: '2026-01-05T10:00:00Z', endedAt: '2026-01-05T10:00:04Z' },
};
const endpoint: EndpointView = {
  ...{
    endpoint: 'orders',
    name: 'orders.example',
    port: 5432,
    autonomy: 'act',
    guard: { runs: true, phase: 'running' },
  },
  ...{
    does: 'when 2 of 3 miss it, it is failed over at once',
    primary: 'p2',
    verdict: 'healthy',
    says: 'p2 is healthy',
  },
  members: [
    { member: 'p1', host: 'p1', zone: 'a', state: 'standby', sync: 'quorum', streaming: true, lagBytes: 4096 },
    { member: 'p2', host: 'p2', zone: 'b', state: 'primary', timeline: 2 },
  ],
  forwarders: [
    { forwarder: 'fa', host: 'fa', state: 'open', epoch: 3, to: 'p2' },
    { forwarder: 'fb', host: 'fb', silent: 'it is <gone>' },
  ],
  observers: [
    { observer: 'fa', vote: 'up', saw: 'answers in 3 ms' },
    { observer: 'et', vote: 'abstains', saw: 'does not answer itself' },
  ],
  cautions: ['forwarder fb does not answer: it is <gone>'],
  last: {
    run,
    report: {
      ...{ endpoint: 'orders', verdict: 'crashed', votes: [], was: 'p1', primary: 'p2', epoch: 3, timeline: 2 },
      ...{ sinceMs: seen.startMs + 200, phases: [{ what: 'verified', afterMs: 200 }], gapMs: 210, fence: ['dead'] },
      ...{ lossless: true, unknownOutcomes: 2, stillHung: 0, left: [], writes: [], seen },
      lost: { forkLsn: '0/1', endLsn: '0/2', commits: 1, xids: [7] },
    },
  },
};
const pair: PairView = {
  ...{ pair: 'proxies', by: 'address', autonomy: 'act', does: 'at once', maintenance: 'a new switch' },
  guard: { runs: false },
  nodes: [
    { ...{ node: 'n1', host: 'n1', address: '10.0.0.201', well: false, servedBy: ['n2'], epoch: 4 }, seen: [] },
    { ...{ node: 'n2', host: 'n2', address: '10.0.0.202', well: true, servedBy: ['n2'], epoch: 2 }, seen: [] },
  ],
};
const facts = { at: new Date('2026-01-05T10:03:00Z'), running: [], ended: [], troubles: [], objects: [] };

test('the page tells who serves an endpoint, over which routes, what the observers hear, and draws its last failover', () => {
  const page = statusDocument({ ...facts, endpoints: [endpoint], pairs: [pair] });
  expect(page.match(/<svg /g)).toHaveLength(2);
  expect(page).toMatch(/standby, commits wait for it or another one, 4[^<]* behind/);
  expect(page).toMatch(/open to p2, epoch 3/);
  expect(page).toMatch(/hears the primary[^]*abstains: does not answer itself/);
  expect(page).toMatch(/<strong>p2<\/strong> took the place of p1 \(crashed\)/);
  expect(page).toMatch(/<strong>nothing<\/strong> that was acknowledged;/);
  expect(page).toMatch(/2 connections waited for an answer/);
  expect(page).toMatch(/by n2, epoch 4/);
  expect(page).toMatch(/in maintenance, so it only says what it would do: a new switch/);
  expect(page).not.toMatch(/<gone>| style=|<style/);
  expect(statusDocument({ ...facts, endpoints: [], pairs: [] })).not.toMatch(/Endpoints|Pairs of proxies/);
});

test('an endpoint and a pair whose hosts are all silent are told as such, and nobody throws', async () => {
  const nobody = `http://127.0.0.1:${await freePort(0)}`;
  const member = (host: string) => ({ host, address: '127.0.0.1', data: '/tmp/none' });
  const node = (host: string, last: number) => ({
    ...{ host, address: `127.0.0.${last}`, own: '127.0.0.1', console: 'postgres://a@127.0.0.1:6432/pgbouncer' },
  });
  const fleet = fleetOf(
    { a: nobody, b: nobody, c: nobody },
    {
      endpoints: {
        orders: {
          ...{ name: 'orders.example', observers: ['a', 'b', 'c'] },
          members: { p1: member('a'), p2: member('b') },
          forwarders: { fa: { host: 'c', address: '127.0.0.1' } },
        },
      },
      proxies: { pair: { nodes: { n1: node('a', 11), n2: node('b', 12) } } },
    },
  );
  const agents = new FleetAgents({ fleet: () => fleet });
  scene.onEnd(() => agents.close());
  const agent = agents.of(fleet);
  const view = await endpointView(fleet, agent, 'orders');
  expect(view).toMatchObject({ autonomy: 'ask', cautions: [expect.stringContaining('primaries')] });
  expect(view.members.map(({ silent }) => silent)).toEqual(Array(2).fill(expect.stringContaining('does not answer')));
  expect(view.observers.map(({ vote }) => vote)).toEqual(['abstains', 'abstains', 'abstains']);
  const { nodes } = await pairView(fleet, agent, 'pair');
  expect(nodes).toMatchObject([
    { node: 'n1', well: false, servedBy: [] },
    { node: 'n2', well: false },
  ]);
});

test('GET /v1/endpoints and /v1/proxies answer with the same, to a viewer', async () => {
  const connection = Connection.lazy({ address: '127.0.0.1:1' });
  const app = createApi({
    operator: operatorOn(new Client({ connection })),
    tokens: [{ name: 'vera', role: 'viewer', token: 'viewer-token' }],
    fleet: async () => ({ fleet: 'berlin', hosts: [], fileServers: [] }),
    objects: async () => [],
    guarded: async () => ({ endpoints: [endpoint], pairs: [pair] }),
    log: pino({ level: 'silent' }),
  });
  scene.onEnd(() => connection.close());
  scene.onEnd(() => app.close());
  const ask = (url: string, headers = {}) => app.inject({ method: 'GET', url, headers });
  const headers = { authorization: 'Bearer viewer-token' };
  expect((await ask('/v1/endpoints')).statusCode).toBe(401);
  expect((await ask('/v1/endpoints', headers)).json()).toEqual({ endpoints: [endpoint] });
  expect((await ask('/v1/proxies', headers)).json()).toEqual({ pairs: [pair] });
});
