import type { MemberView } from '../../src/contract/capabilities/role';
import type { Observation, Sight } from '../../src/contract/sights';
import type { EndpointFacts, EndpointTerms } from '../../src/planning/failover/facts';

/** An endpoint whose primary p1 is silent, as three observers see it, with the standbys p2 and p3. */
export const terms: EndpointTerms = {
  endpoint: 'orders-db',
  rules: 2,
  name: 'orders.db.test',
  port: 5000,
  autonomy: 'act',
  coolDown: 600_000,
  maintenance: false,
  fence: 'sync',
  mostLag: 0,
  probe: { every: 100, deadline: 150, misses: 2 },
  members: {
    p1: { host: 'p1', zone: 'a', address: '10.0.0.1', port: 5432, candidate: true, powered: false },
    p2: { host: 'p2', zone: 'b', address: '10.0.0.2', port: 5432, candidate: true, powered: false },
    p3: { host: 'p3', zone: 'c', address: '10.0.0.3', port: 5432, candidate: true, powered: false },
  },
  forwarders: {
    fa: { host: 'fa', zone: 'a', address: '10.0.0.11', pooled: false },
    fb: { host: 'fb', zone: 'b', address: '10.0.0.12', pooled: true },
  },
  observers: [
    { host: 'fa', zone: 'a' },
    { host: 'fb', zone: 'b' },
    { host: 'et', zone: 'c' },
  ],
  dns: true,
};

export const good = { atMs: 1_000, lsn: '0/5000', waitsFor: ['p2'], need: 1 };
export const sight = (says: Sight['says'], more: Partial<Sight> = {}): Sight => ({
  says,
  misses: says === 'answers' ? 0 : 2,
  sinceMs: 1_100,
  good,
  ...more,
});
export const seen = (observer: string, p1: Sight, starvedMs = 0): Observation => ({
  observer,
  revision: 1,
  atMs: 2_000,
  starvedMs,
  sights: { p1 },
});
export const standby = (member: string, lsn: string): MemberView => ({
  member,
  state: 'standby',
  systemId: '7',
  timeline: 1,
  lsn,
  cautions: [],
});
export const facts = (more: Partial<EndpointFacts> = {}): EndpointFacts => ({
  terms,
  nowMs: 2_000,
  heard: [],
  members: { p1: { silent: 'gone' }, p2: standby('p2', '0/5000'), p3: standby('p3', '0/4000') },
  routes: {
    fa: { endpoint: 'orders-db', state: 'open', epoch: 7, to: { address: '10.0.0.1', port: 5432 }, rejected: [] },
    fb: { endpoint: 'orders-db', state: 'open', epoch: 7, to: { address: '10.0.0.1', port: 5432 }, rejected: [] },
  },
  observations: ['fa', 'fb', 'et'].map((observer) => seen(observer, sight('silent'))),
  ...more,
});
export const wish = { force: false, to: '' };
