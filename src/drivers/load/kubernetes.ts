import { Refusal } from '../../contract/errors';
import type { Kubernetes } from '../../contract/resizes';
import { ask, expectJson, type Question, type Reply } from './ask';
import { podSizes, resizePods } from './kubernetesPods';
import type { Place, Resizer } from './object';
import { readSecret } from './secret';

/** An API server, asked as the fleet file says. */
export interface Cluster {
  what: string;
  place: Place;
  get(path: string): Promise<unknown>;
  patch(path: string, type: 'merge-patch' | 'strategic-merge-patch', body: object): Promise<Reply>;
}

interface Scale {
  metadata?: { resourceVersion?: string };
  spec?: { replicas?: number };
  status?: { selector?: string };
}

/** How often somebody else may change it between our look and our act. */
const attempts = 3;

/** Each kubelet resizes its pods when it comes to it, ms. */
const podsSettleMs = 15_000;

/** Replicas by the `scale` of a Deployment or StatefulSet, or the resources of its running pods in place. */
export function kubernetes(config: Kubernetes, place: Place): Resizer {
  const { namespace, kind, name, what } = config;
  const title = `${kind} ${namespace}/${name} at ${new URL(config.url).host}`;
  const scalePath = `/apis/apps/v1/namespaces/${namespace}/${kind}s/${name}/scale`;
  const clusterFor = (signal: AbortSignal) => cluster(config, title, place, signal);
  const scaleOf = async (api: Cluster) => (await api.get(scalePath)) as Scale;
  if (what === 'replicas')
    return {
      what: title,
      unit: 'replicas',
      grain: 1,
      tells: true,
      read: async (signal) => (await scaleOf(clusterFor(signal))).spec?.replicas ?? 0, // Kubernetes leaves a zero out
      write: ({ size }, signal) => writeReplicas(clusterFor(signal), scalePath, size),
    };
  const selector = async (api: Cluster) => (await scaleOf(api)).status?.selector ?? '';
  return {
    what: title,
    unit: what === 'cpu' ? 'cores' : 'bytes',
    grain: what === 'cpu' ? 0.001 : 1,
    tells: true,
    settleMs: podsSettleMs,
    read: async (signal) => {
      const api = clusterFor(signal);
      const sizes = new Set(await podSizes(api, config, await selector(api)));
      const [size = null, ...others] = sizes;
      return others.length === 0 ? size : null;
    },
    write: async ({ size }, signal) => {
      const api = clusterFor(signal);
      await resizePods(api, config, await selector(api), size);
    },
  };
}

/** With the version that was looked at: who changes it meanwhile wins, and we look again. */
async function writeReplicas(api: Cluster, path: string, size: number): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { metadata } = (await api.get(path)) as Scale;
    const reply = await api.patch(path, 'merge-patch', {
      metadata: { resourceVersion: metadata?.resourceVersion },
      spec: { replicas: size },
    });
    if (reply.status === 409 && attempt < attempts) continue;
    if (reply.status === 409)
      throw new Refusal('NoAnswer', { what: api.what, why: 'others keep changing it', host: api.place.host.name });
    expectJson(reply, api);
    return;
  }
}

function cluster({ url, token, ca }: Kubernetes, what: string, place: Place, signal: AbortSignal): Cluster {
  const question = (method: Question['method'], path: string): Question => ({
    what,
    place,
    method,
    url: `${url.replace(/\/+$/, '')}${path}`,
    headers: { accept: 'application/json', ...(token && { authorization: `Bearer ${readSecret(token)}` }) },
    ca,
    signal,
  });
  return {
    what,
    place,
    get: async (path) => {
      const asked = question('GET', path);
      return expectJson(await ask(asked), asked);
    },
    patch: (path, type, body) => {
      const asked = question('PATCH', path);
      const headers = { ...asked.headers, 'content-type': `application/${type}+json` };
      return ask({ ...asked, headers, body: JSON.stringify(body) });
    },
  };
}
