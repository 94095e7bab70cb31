import { fenceSuperseded } from '../../src/drivers/role/superseded';
import type { Host } from '../../src/drivers/host';
import { fleetOf, Scene } from '../contract/agents';
import { endpoint, lease, roleScene, run, type RoleScene } from './roleScene';

describe('a host that comes back', () => {
  const scene = new Scene();
  let it: RoleScene;
  afterAll(() => scene.close());

  /** Agents of two observers; what they have seen is what was done through them. */
  const peersOf = async (): Promise<Host['peer']> => {
    const urls: Record<string, string> = {};
    const standby = it.roles['p2']!;
    for (const host of ['p1', 'o1', 'o2']) {
      const fleet = fleetOf({ [host]: 'http://127.0.0.1:0' });
      const drivers = { role: async () => ({ driver: standby, stop: async () => {} }) };
      const agent = await scene.agent({ fleet, host, drivers });
      urls[host] = agent.url;
    }
    urls['o3'] = 'http://127.0.0.1:1'; // does not answer
    return (name, capability) => scene.client(urls[name]!, { host: name })[capability] as never;
  };

  run('serves on when nobody has seen more than it, and when only some do not answer', async () => {
    it = await roleScene(scene);
    it.hosts['p1']!.peer = await peersOf();
    expect(await fenceSuperseded(it.hosts['p1']!, it.roles['p1']!)).toEqual([]);
    expect(await it.roles['p1']!.status({ endpoint, deadlineMs: 2_000 })).toMatchObject({ state: 'primary' });
    expect(
      it.logged.filter(({ event }) => event === 'not asked at the start').map(({ facts }) => facts['peer']),
    ).toEqual(['o3']);
  });

  run('is fenced when an observer has seen a higher epoch', async () => {
    const observer = it.hosts['p1']!.peer('o2', 'role');
    await observer.promote({ endpoint, lease: lease(7), deadlineMs: 10_000 });
    expect(await observer.status({ endpoint, deadlineMs: 2_000 })).toMatchObject({
      state: 'primary',
      timeline: 2,
    });
    const fenced = await fenceSuperseded(it.hosts['p1']!, it.roles['p1']!);
    expect(fenced).toEqual([
      {
        endpoint,
        epoch: 7,
        why: 'others have seen epoch 7, this host 0, and its route leads to nobody that is known here',
      },
    ]);
    expect(await it.roles['p1']!.status({ endpoint, deadlineMs: 2_000 })).toMatchObject({ state: 'fenced' });
    expect(it.p1.pids()).toEqual([]);
    expect(await fenceSuperseded(it.hosts['p1']!, it.roles['p1']!)).toEqual([]);
  });
});
