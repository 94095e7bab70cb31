import { readFileSync, statSync } from 'node:fs';
import { Refusal } from '../../contract/errors';
import type { Secret } from '../../contract/series';

/** Mounted readable for all of its container by Kubernetes itself. */
const mounted = '/var/run/secrets/kubernetes.io/';

/** A secret, read anew each time: it may have been changed meanwhile. */
export function readSecret(secret: Secret): string {
  if ('env' in secret) {
    const value = process.env[secret.env];
    if (value) return value;
    throw new Refusal('NotPermitted', {
      what: `the secret in ${secret.env}`,
      why: 'the agent has no such environment variable',
    });
  }
  const { file: path } = secret;
  try {
    if ((statSync(path).mode & 0o007) !== 0 && !path.startsWith(mounted)) throw new Refusal('OpenSecret', { path });
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal('NoSuchFile', { path, why: (cause as NodeJS.ErrnoException).code ?? String(cause) }, { cause });
  }
}
