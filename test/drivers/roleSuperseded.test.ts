import type { RouteView } from '../../src/contract/capabilities/traffic';
import { EndpointEntry } from '../../src/contract/endpoints';
import { fenceSuperseded } from '../../src/drivers/role/superseded';
import type { CapabilityOf, Host } from '../../src/drivers/host';
import { ArmedBook } from '../../src/drivers/watch/armedBook';
import { fleetOf, Scene } from '../contract/agents';
import { eventually } from '../setup/eventually';
import { endpoint, lease, roleScene, run, type RoleScene } from './roleScene';

const nobody = 'http://127.0.0.1:1';

describe('a host that comes back', () => {
  const scene = new Scene();
  let it: RoleScene;
  let ended: AbortController;
  /** Where the agents of the others are, and where they can be reached now. */
  const agents: Record<string, string> = {};
  let urls: Record<string, string> = {};
  const routes: Record<string, RouteView> = {};
  let asked = 0;

  beforeAll(async () => {
    if (run !== test) return;
    it = await roleScene(scene);
    const p1 = it.hosts['p1']!;
    const members = { ...p1.endpoints[endpoint]! };
    const forwarders = { fa: { host: 'fa', address: '127.0.0.11' }, fb: { host: 'fb', address: '127.0.0.12' } };
    for (const host of ['p1', 'p2', 'o1', 'fa', 'fb']) agents[host] = await agentOf(host);
    const peer = (name: string, capability: 'role') => {
      if (name !== 'p1') asked++;
      return scene.client(urls[name] ?? nobody, { host: name, patienceMs: 100 })[capability];
    };
    const hold: Host['hold'] = async (_lease, _newer, work) => work();
    const entry = { ...members, forwarders: EndpointEntry.shape.forwarders.parse(forwarders) };
    Object.assign(p1, { peer, hold, endpoints: { [endpoint]: entry } });
  });
  beforeEach(() => {
    ended = new AbortController();
    urls = { p1: agents['p1']! };
    it?.logged.splice(0);
  });
  afterEach(() => ended.abort());
  afterAll(() => scene.close());

  /** An agent that remembers epochs; a route is what the test says. */
  async function agentOf(host: string): Promise<string> {
    const traffic = { routes: async () => routes[host], close: async () => routes[host] } as object;
    const drivers = {
      role: async () => ({ driver: it.roles[host] ?? it.roles['p2']!, stop: async () => {} }),
      traffic: async () => ({ driver: traffic as CapabilityOf<'traffic'>, stop: async () => {} }),
    };
    const agent = await scene.agent({ fleet: fleetOf({ [host]: 'http://127.0.0.1:0' }), host, drivers });
    routes[host] = { endpoint, state: 'absent', epoch: 0, rejected: [] };
    return agent.url;
  }
  const comes = (...hosts: string[]) => hosts.forEach((host) => (urls[host] = agents[host]!));
  const sees = (host: string, epoch: number) =>
    scene.client(agents[host]!, { host }).traffic.close({ endpoint, from: 0, lease: lease(epoch), reject: [] });
  const leads = (forwarder: string, epoch: number, to: { address: string; port: number }) => {
    const { address, port } = to;
    routes[forwarder] = { endpoint, state: 'open', epoch, to: { address, port }, rejected: [] };
  };
  /** Its agent starts, with the epoch that its host knows by then. */
  const back = (known: number) => {
    const [host, role] = [it.hosts['p1']!, it.roles['p1']!];
    return fenceSuperseded(host, role, { [endpoint]: known }, ended.signal, { answerMs: 1_500, againMs: 20 });
  };
  const reinstated = (epoch: number) =>
    it.roles['p1']!.reinstate({ endpoint, lease: lease(epoch), deadlineMs: 20_000 });
  const state = async () => (await it.roles['p1']!.status({ endpoint, deadlineMs: 2_000 })).state;
  const said = (event: RegExp) => it.logged.filter((one) => event.test(one.event)).map(({ facts }) => facts);

  /** Its state says so before its processes are gone. */
  const untilFenced = () => eventually(() => said(/^fenced$/).length > 0);

  run('serves on where its route leads to it, whatever epoch others have seen', async () => {
    await sees('o1', 5);
    leads('fa', 3, it.p1);
    leads('fb', 3, it.p1);
    comes('o1', 'fa', 'fb');
    await back(0);
    expect(said(/was not superseded/)).toEqual([{ endpoint, why: 'its route leads to it' }]);
    expect(said(/not asked/).map(({ peer }) => peer)).toEqual(expect.arrayContaining(['o2', 'o3', 'p2']));
    expect(await state()).toBe('primary');
  });

  run(
    'asks on while nobody answers, and where a higher epoch alone is known; a route that leads elsewhere fences it',
    async () => {
      await back(0);
      expect(said(/others are asked again/)).toEqual([{ endpoint, why: 'too few have answered' }]);
      comes('o1');
      const before = asked;
      await eventually(() => asked > before + 50);
      expect(await state()).toBe('primary');
      leads('fb', 5, it.p2);
      comes('fb');
      await untilFenced();
      expect(await state()).toBe('fenced');
      const why = `epoch 5 was given, its own is 0, and its route leads to ${it.p2.address}:${it.p2.port}`;
      expect(said(/superseded while/)).toEqual([{ endpoint, epoch: 5, why }]);
      expect(it.p1.pids()).toEqual([]);
      await reinstated(5);
    },
  );

  run('asks no more when it is reinstated meanwhile', async () => {
    await back(5);
    await reinstated(6);
    await eventually(() => said(/was not superseded/).length > 0);
    expect(said(/was not superseded/)).toEqual([{ endpoint, why: 'an order has come meanwhile' }]);
    expect(await state()).toBe('primary');
  });

  run('an order to a forwarder or an observer on its host is none to it: it is fenced all the same', async () => {
    await back(6);
    await sees('p1', 8);
    comes('o1');
    const before = asked;
    await eventually(() => asked > before + 50);
    expect(said(/was not superseded/)).toEqual([]);
    leads('fb', 8, it.p2);
    comes('fb');
    await untilFenced();
    expect(await state()).toBe('fenced');
    const why = `epoch 8 was given, its own is 6, and its route leads to ${it.p2.address}:${it.p2.port}`;
    expect(said(/superseded while/)).toEqual([{ endpoint, epoch: 8, why }]);
    await reinstated(8);
  });

  run('a plan that is armed with an observer on its host before it is decided does not fence it', async () => {
    await back(8);
    await sees('p1', 9);
    leads('fa', 8, it.p1);
    leads('fb', 8, it.p1);
    comes('fa', 'fb');
    await eventually(() => said(/was not superseded/).length > 0);
    expect(said(/was not superseded/)).toEqual([{ endpoint, why: 'its route leads to it' }]);
    expect(await state()).toBe('primary');
  });

  /** What an observer on the host of p1 was given before that went away. */
  const arm = (epoch: number) =>
    new ArmedBook(it.hosts['p1']!.stateDir).hold(endpoint, {
      ...{ endpoint, epoch, from: { fa: 8, fb: 8 }, primary: 'p1', candidates: ['p2'], observers: [] },
      ...{ afterMs: 1_500, notBeforeMs: 0, expiresAtMs: 0, signature: '' },
    });

  run('a plan that was armed before it went, and not used, does not fence it', async () => {
    arm(9);
    leads('fa', 8, it.p1);
    leads('fb', 8, it.p1);
    comes('fa', 'fb');
    await back(9);
    expect(said(/was not superseded/)).toEqual([{ endpoint, why: 'its route leads to it' }]);
  });

  run('a plan that was armed before it went, and used while it was away, fences it', async () => {
    arm(10);
    leads('fa', 10, it.p2);
    leads('fb', 10, it.p2);
    comes('fa', 'fb');
    await back(10);
    const why = `epoch 10 was given, its own is 8, and its route leads to ${it.p2.address}:${it.p2.port}`;
    expect(said(/superseded while/)).toEqual([{ endpoint, epoch: 10, why }]);
    expect(await state()).toBe('fenced');
    await reinstated(10);
  });

  run('asks no more when the agent has ended', async () => {
    await back(11);
    const before = asked;
    await eventually(() => asked > before);
    ended.abort();
    const last = asked;
    const until = Date.now() + 200;
    await eventually(() => Date.now() > until);
    expect(asked).toBe(last);
  });

  run('is fenced where another member is the primary on a later timeline', async () => {
    await scene.client(agents['p2']!, { host: 'p2' }).role.promote({ endpoint, lease: lease(12), deadlineMs: 10_000 });
    comes('p2');
    await back(11);
    const why = 'epoch 12 was given, its own is 11, and p2 is the primary on timeline 2, after its own 1';
    expect(said(/superseded while/)).toEqual([{ endpoint, epoch: 12, why }]);
    expect(await state()).toBe('fenced');
    await back(11);
    expect(said(/superseded while/)).toHaveLength(1);
  });
});
