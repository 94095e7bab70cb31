import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Scene } from '../contract/agents';

interface Resources {
  requests: Record<string, string>;
  limits?: Record<string, string>;
}

export interface KubernetesServer {
  url: string;
  ca: string;
  tokenFile: string;
  /** What it keeps, for a test to look at and to change as others would. */
  kept: {
    replicas: number;
    version: number;
    pods: Record<string, { spec: Resources; inForce: Resources }>;
    /** False for a server before 1.33. */
    resizes: boolean;
    /** How many of the next PATCHes come too late: somebody else changed the object. */
    conflicts: number;
    patches: { path: string; type: string; body: unknown }[];
  };
}

const token = 'a-token-of-this-test';
const base = '/apis/apps/v1/namespaces/shop';

/**
 * Answers as the API server of Kubernetes does where the driver asks: the scale of `web`, its pods, their resize. Not
 * Kubernetes itself: Debian has none. Paths, fields, statuses and patch types are those of its published API.
 */
export async function kubernetesServer(scene: Scene): Promise<KubernetesServer> {
  const folder = scene.directory();
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const [key, ca] = [join(folder, 'key.pem'), join(folder, 'ca.pem')];
  const subject = ['-subj', '/CN=kubernetes', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync(
    'openssl',
    [
      ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1'.split(' '),
      ...subject,
      '-keyout',
      key,
      '-out',
      ca,
    ],
    { stdio: 'ignore' },
  );
  const resources = () => ({ requests: { cpu: '500m', memory: '256Mi' }, limits: { cpu: '1', memory: '256Mi' } });
  const pod = () => ({ spec: resources(), inForce: resources() });
  const kept: KubernetesServer['kept'] = {
    ...{ replicas: 3, version: 41, pods: { 'web-1': pod(), 'web-2': pod() }, resizes: true, conflicts: 0, patches: [] },
  };
  const server = createServer({ key: readFileSync(key), cert: readFileSync(ca) }, (request, reply) => {
    void answer(kept, request).then(([status, body]) =>
      reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scene.onEnd(() => new Promise((resolve) => server.close(resolve)));
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, ca, tokenFile, kept };
}

const failure = (code: number, reason: string, message: string): [number, object] => [
  code,
  { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code },
];

async function answer(kept: KubernetesServer['kept'], request: IncomingMessage): Promise<[number, object]> {
  const { pathname, searchParams } = new URL(request.url ?? '', 'https://kubernetes');
  if (request.headers.authorization !== `Bearer ${token}`) return failure(401, 'Unauthorized', 'Unauthorized');
  if (request.method === 'PATCH') return patched(kept, pathname, request);
  if (pathname === `${base}/deployments/web/scale`) return [200, scale(kept)];
  if (pathname === '/api/v1')
    return [
      200,
      { kind: 'APIResourceList', resources: [{ name: 'pods' }, ...(kept.resizes ? [{ name: 'pods/resize' }] : [])] },
    ];
  if (pathname === '/api/v1/namespaces/shop/pods' && searchParams.get('labelSelector') === 'app=web')
    return [200, { kind: 'PodList', metadata: {}, items: Object.keys(kept.pods).map((name) => podOf(kept, name)) }];
  const name = pathname.split('/')[6] ?? '';
  return failure(404, 'NotFound', `deployments.apps "${name}" not found`);
}

async function patched(
  kept: KubernetesServer['kept'],
  path: string,
  request: IncomingMessage,
): Promise<[number, object]> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = JSON.parse(Buffer.concat(chunks).toString()) as {
    metadata?: { resourceVersion?: string };
    spec: { replicas?: number; containers?: { name: string; resources: Resources }[] };
  };
  kept.patches.push({ path, type: request.headers['content-type'] ?? '', body });
  const given = body.metadata?.resourceVersion;
  if (kept.conflicts > 0) {
    kept.conflicts--;
    kept.version++;
  }
  if (given !== undefined && given !== String(kept.version))
    return failure(409, 'Conflict', 'the object has been modified; please apply your changes to the latest version');
  kept.version++;
  if (path === `${base}/deployments/web/scale`) {
    kept.replicas = body.spec.replicas ?? 0;
    return [200, scale(kept)];
  }
  const name = /^\/api\/v1\/namespaces\/shop\/pods\/([\w-]+)\/resize$/.exec(path)?.[1] ?? '';
  const pod = kept.pods[name];
  const wanted = body.spec.containers?.[0];
  if (!pod || wanted?.name !== 'main') return failure(404, 'NotFound', `pods "${name}" not found`);
  const merge = (of: Resources) => ({
    requests: { ...of.requests, ...wanted.resources.requests },
    limits: { ...of.limits, ...wanted.resources.limits },
  });
  pod.spec = merge(pod.spec);
  setTimeout(() => (pod.inForce = pod.spec), 150); // the kubelet comes to it a little later
  return [200, podOf(kept, name)];
}

const scale = ({ replicas, version }: KubernetesServer['kept']) => ({
  kind: 'Scale',
  apiVersion: 'autoscaling/v1',
  metadata: { name: 'web', namespace: 'shop', resourceVersion: String(version) },
  spec: { ...(replicas > 0 && { replicas }) },
  status: { replicas, selector: 'app=web' },
});

const podOf = ({ pods }: KubernetesServer['kept'], name: string) => ({
  metadata: { name, namespace: 'shop', labels: { app: 'web' } },
  spec: { containers: [{ name: 'sidecar' }, { name: 'main', resources: pods[name]?.spec }] },
  status: {
    phase: 'Running',
    containerStatuses: [{ name: 'sidecar' }, { name: 'main', resources: pods[name]?.inForce }],
  },
});
