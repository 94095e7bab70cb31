import { createServer, type AddressInfo, type Socket } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { stringify } from 'yaml';
import { createActivities } from '../../src/activities';
import { patience } from '../../src/activities/asking';
import { termsOf } from '../../src/activities/endpoints';
import type { Watched } from '../../src/activities/watch';
import type { Observation } from '../../src/contract/sights';
import type { CapabilityOf } from '../../src/drivers/host';
import { liveFleet } from '../../src/fleet/live';
import { judgeObservations } from '../../src/planning/failover/plan';
import { opinionOf } from '../../src/planning/failover/verdict';
import { eventually } from '../setup/eventually';
import { Scene, token } from './agents';

const endpoint = 'orders';
const [up, down] = [
  { says: 'answers', misses: 0, sinceMs: 0 },
  { says: 'unreachable', misses: 9, sinceMs: 0 },
] as const;

let scene: Scene;
beforeEach(() => (scene = new Scene()));
afterEach(() => scene.close());

/** An observer that sees what the test says. */
class Observer {
  revision = 0;
  armed = 0;
  /** How often somebody looked without waiting for news. */
  looks = 0;

  constructor(
    readonly name: string,
    private saw: Observation['sights'][string],
  ) {}

  sees(sight: Observation['sights'][string]): void {
    this.saw = sight;
    this.revision++;
  }

  get seen(): Observation {
    const { name, revision, saw } = this;
    return { observer: name, revision, atMs: Date.now(), starvedMs: 0, sights: { p1: saw } };
  }

  async url(): Promise<string> {
    const refuse = () => Promise.reject(new Error('not asked in these tests'));
    const driver: CapabilityOf<'watch'> = {
      look: async ({ after, waitMs }) => {
        if (waitMs === 0) this.looks++;
        else await eventually(() => this.revision > after, { timeoutMs: waitMs }).catch(() => undefined);
        return this.seen;
      },
      deeds: async () => ({ deeds: [] }),
      arm: async () => ({ until: `${++this.armed}` }),
      ...{ write: refuse, track: refuse, powerOff: refuse, disarm: refuse, claim: refuse },
    };
    const { url } = await scene.agent({ drivers: { watch: async () => ({ driver, stop: async () => {} }) } });
    return url;
  }
}

/** A host that takes connections and answers nobody. */
async function silentUrl(): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scene.onEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The watch of an armed endpoint, of whose three observers one misses the primary and one is silent. */
async function watching() {
  const observers = { a: new Observer('a', down), b: new Observer('b', up) };
  const urls: Record<string, string> = { a: await observers.a.url(), b: await observers.b.url(), c: await silentUrl() };
  const file = join(scene.directory(), 'fleet.yaml');
  const member = (host: string) => ({ host, address: '127.0.0.1', data: '/data' });
  const entry = {
    name: 'db.test',
    members: { p1: member('a'), p2: member('b') },
    forwarders: { fc: { host: 'c', address: '127.0.0.1' } },
    observers: ['a', 'b', 'c'],
    autonomy: 'act',
    armed: { expires: '600ms' },
  };
  const hosts = Object.fromEntries(Object.entries(urls).map(([host, agent]) => [host, { agent, roots: ['/data'] }]));
  const text = stringify({ fleet: 'test', hosts, endpoints: { [endpoint]: entry } });
  writeFileSync(file, text);
  const fleet = liveFleet(file, () => undefined);
  const clients = Object.fromEntries(Object.entries(urls).map(([host, url]) => [host, scene.client(url, { host })]));
  const activities = createActivities({ fleet, agent: (host) => clients[host]!, temporal: undefined as never, token });
  const terms = termsOf(fleet(), endpoint);
  const known = opinionOf(judgeObservations(terms, 'p1', [observers.a.seen, observers.b.seen]));
  const drawn = { endpoint, epoch: 5, from: {}, primary: 'p1', candidates: ['p2'], observers: terms.observers };
  const keeping = { plan: { ...drawn, afterMs: 0, notBeforeMs: 0 }, notBeforeMs: 0 };
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  const watched: Promise<Watched> = environment.run(() =>
    activities.watchEndpoint({ terms, primary: 'p1', known, spellMs: 60_000, keeping }),
  );
  const misspell = () => {
    writeFileSync(file, `${text}limit: {}\n`);
    expect(() => fleet.checked()).toThrow('did you mean "limits"?');
  };
  return { ...observers, watched, misspell };
}

test('a majority is heard at once though the plan is just being looked at, and it is not renewed afterwards', async () => {
  const { a, b, watched } = await watching();
  await eventually(() => a.looks > 0);
  const missedMs = Date.now();
  b.sees(down);
  expect((await watched).judgement).toMatchObject({ majority: true, down: 2 });
  expect(Date.now() - missedMs).toBeLessThan(patience.longMs / 2);
  await eventually(() => Date.now() > missedMs + patience.longMs + 500);
  expect([a.armed, b.armed]).toEqual([0, 0]);
});

test('a typo in the fleet file does not keep the plan from being renewed, and is no reason to look around', async () => {
  const { a, b, watched, misspell } = await watching();
  misspell();
  await eventually(() => a.armed > 0 && b.armed > 0);
  b.sees(down);
  expect(await watched).toEqual({ judgement: expect.objectContaining({ majority: true }) as unknown });
});
