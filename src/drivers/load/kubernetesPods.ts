import { Refusal } from '../../contract/errors';
import type { Kubernetes } from '../../contract/resizes';
import { expectJson } from './ask';
import type { Cluster } from './kubernetes';

type Amounts = Partial<Record<string, string>>;
interface Resources {
  requests?: Amounts;
  limits?: Amounts;
}
interface Pod {
  metadata: { name: string; deletionTimestamp?: string };
  spec: { containers: { name: string; resources?: Resources }[] };
  status?: { containerStatuses?: { name: string; resources?: Resources }[] };
}

/** What is in force in each pod: its status, since the specification is only what somebody wishes. Null: it does not say. */
export async function podSizes(
  api: Cluster,
  { container, what, namespace }: Kubernetes,
  selector: string,
): Promise<(number | null)[]> {
  const pods = await podsOf(api, namespace, selector);
  return pods.map(({ status }) => {
    const of = status?.containerStatuses?.find(({ name }) => name === container)?.resources?.requests?.[what];
    const size = quantity(of ?? '');
    return Number.isNaN(size) ? null : size;
  });
}

/** In place, without a restart of the pod, which Kubernetes can from 1.33 on. Pods that come later are as their template says. */
export async function resizePods(
  api: Cluster,
  { container, what, namespace }: Kubernetes,
  selector: string,
  size: number,
): Promise<void> {
  const { resources = [] } = (await api.get('/api/v1')) as { resources?: { name: string }[] };
  if (!resources.some(({ name }) => name === 'pods/resize'))
    throw new Refusal('NotPermitted', {
      what: `${what} of ${api.what}`,
      why: 'this server cannot resize pods in place; Kubernetes 1.33 and later can',
    });
  for (const { metadata, spec } of await podsOf(api, namespace, selector)) {
    const of = spec.containers.find(({ name }) => name === container)?.resources;
    if (!of?.requests?.[what])
      throw new Refusal('SaidNo', {
        what: `pod ${metadata.name}`,
        why: `container ${container} requests no ${what}`,
        object: api.place.object,
      });
    const path = `/api/v1/namespaces/${namespace}/pods/${metadata.name}/resize`;
    const body = { spec: { containers: [{ name: container, resources: resized(of, what, size) }] } };
    expectJson(await api.patch(path, 'strategic-merge-patch', body), api);
  }
}

/** A limit keeps its relation to the request: equal ones stay equal, or the pod's quality of service would change. */
function resized({ requests, limits }: Resources, what: string, size: number): Resources {
  const before = quantity(requests?.[what] ?? '0');
  const limit = limits?.[what];
  return {
    requests: { [what]: written(what, size) },
    ...(limit !== undefined && { limits: { [what]: written(what, (size * quantity(limit)) / before) } }),
  };
}

const written = (what: string, size: number): string =>
  what === 'cpu' ? `${Math.round(size * 1000)}m` : String(Math.round(size));

async function podsOf(api: Cluster, namespace: string, selector: string): Promise<Pod[]> {
  if (selector === '')
    throw new Refusal('SaidNo', { what: api.what, why: 'its scale names no pods', object: api.place.object });
  const path = `/api/v1/namespaces/${namespace}/pods?limit=500&labelSelector=${encodeURIComponent(selector)}`;
  const { items, metadata } = (await api.get(path)) as { items: Pod[]; metadata?: { continue?: string } };
  if (metadata?.continue)
    throw new Refusal('TooMany', {
      what: `the pods of ${api.what}`,
      count: 'more than 500',
      limit: 500,
      advice: 'resize them by replicas',
    });
  return items.filter((pod) => pod.metadata.deletionTimestamp === undefined);
}

const suffixes: Record<string, number> = {
  ...{ n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/** `500m`, `2`, `512Mi` or `1e9` as a number; NaN when it is none of these. */
function quantity(text: string): number {
  const match = /^([\d.]+(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(text);
  return Number(match?.[1]) * (suffixes[match?.[2] ?? ''] ?? NaN);
}
