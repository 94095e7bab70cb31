import { Scene } from '../contract/agents';
import { kubernetesServer, type KubernetesServer } from './kubernetesServer';
import { bareLoad } from './loadScene';
import { resizerSuite, type ResizerLab } from './loadResizers';

const MiB = 1024 ** 2;

const resizing = ({ url, ca, tokenFile }: KubernetesServer, more: object = {}) => ({
  ...{ by: 'kubernetes', url, ca, token: { file: tokenFile }, namespace: 'shop', name: 'web', ...more },
});

resizerSuite('kubernetes, replicas', test, async (scene): Promise<ResizerLab> => {
  const server = await kubernetesServer(scene);
  const gone = { resize: resizing(server, { name: 'web2' }) };
  const load = bareLoad([], { it: { resize: resizing(server) }, gone });
  return { load, unit: 'replicas', min: 1, max: 9, sizes: [5, 2], truth: () => server.kept.replicas, whole: true };
});

resizerSuite('kubernetes, cpu in place', test, async (scene): Promise<ResizerLab> => {
  const server = await kubernetesServer(scene);
  const at = resizing(server, { what: 'cpu', container: 'main' });
  const bounds = { min: 0.1, max: 4 };
  const load = bareLoad([], { it: { resize: at, ...bounds }, gone: { resize: { ...at, name: 'web2' }, ...bounds } });
  const inForce = () =>
    Object.values(server.kept.pods).map(({ inForce: of }) => parseFloat(of.requests['cpu'] ?? '') / 1000);
  const truth = () => {
    expect(new Set(inForce()).size).toBe(1);
    return inForce()[0]!;
  };
  return { load, unit: 'cores', ...bounds, sizes: [0.25, 1.5], truth, whole: false };
});

describe('Kubernetes', () => {
  let scene: Scene;
  let server: KubernetesServer;
  beforeEach(async () => {
    scene = new Scene();
    server = await kubernetesServer(scene);
  });
  afterEach(() => scene.close());

  const loadOf = (more: object = {}) =>
    bareLoad([], { it: { resize: resizing(server, more), min: 0, max: 1024 * MiB } });
  const resize = (load: ReturnType<typeof loadOf>, size: number) =>
    load.resize({ object: 'it', size, lease: { target: 'it', epoch: 1 }, because: 'a test' });

  test('the scale is patched under the version that was looked at; who changed it meanwhile is not overrun unseen', async () => {
    server.kept.conflicts = 1;
    expect(await resize(loadOf(), 5)).toMatchObject({ was: 3, size: 5 });
    expect(server.kept.patches.map(({ path, type, body }) => ({ path, type, body }))).toEqual([
      expect.objectContaining({ body: { metadata: { resourceVersion: '41' }, spec: { replicas: 5 } } }),
      {
        path: '/apis/apps/v1/namespaces/shop/deployments/web/scale',
        type: 'application/merge-patch+json',
        body: { metadata: { resourceVersion: '42' }, spec: { replicas: 5 } },
      },
    ]);
    server.kept.conflicts = 9;
    await expect(resize(loadOf(), 6)).rejects.toMatchObject({ code: 'NoAnswer', retry: true });
  });

  test('no replicas at all are none, though Kubernetes leaves the zero out', async () => {
    expect(await resize(loadOf(), 0)).toMatchObject({ size: 0 });
    expect(await loadOf().readSize({ object: 'it' })).toMatchObject({ size: 0 });
  });

  test('memory is resized in place: a limit equal to the request stays equal, one above it keeps its relation', async () => {
    const memory = loadOf({ what: 'memory', container: 'main' });
    expect(await resize(memory, 512 * MiB)).toMatchObject({ was: 256 * MiB, size: 512 * MiB, unit: 'bytes' });
    expect(server.kept.pods['web-1']?.inForce).toMatchObject({
      requests: { memory: String(512 * MiB) },
      limits: { memory: String(512 * MiB) },
    });
    await resize(loadOf({ what: 'cpu', container: 'main' }), 0.75);
    expect(server.kept.pods['web-2']?.inForce).toMatchObject({ requests: { cpu: '750m' }, limits: { cpu: '1500m' } });
  });

  test('pods of different sizes have no one size, and are all brought to the new one', async () => {
    server.kept.pods['web-1']!.inForce = { requests: { cpu: '2', memory: '1Gi' } };
    const cpu = loadOf({ what: 'cpu', container: 'main' });
    expect(await cpu.readSize({ object: 'it' })).toMatchObject({ size: null });
    expect(await resize(cpu, 1)).toMatchObject({ was: null, size: 1 });
  });

  test('a server that cannot resize in place, a container that is not there, a wrong token: each is said', async () => {
    const cpu = { what: 'cpu', container: 'main' };
    server.kept.resizes = false;
    await expect(resize(loadOf(cpu), 1)).rejects.toThrow('cannot resize pods in place');
    server.kept.resizes = true;
    await expect(resize(loadOf({ ...cpu, container: 'other' }), 1)).rejects.toThrow('container other requests no cpu');
    await expect(resize(loadOf({ token: { env: 'HOME' } }), 5)).rejects.toMatchObject({ code: 'SaidNo' });
    expect(server.kept.patches).toEqual([]);
  });

  test('a server whose certificate is that of somebody else is not believed', async () => {
    const { ca } = await kubernetesServer(scene);
    await expect(loadOf({ ca }).readSize({ object: 'it' })).rejects.toMatchObject({ code: 'SaidNo' });
  });
});
