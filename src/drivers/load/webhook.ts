import { createHmac } from 'node:crypto';
import { Refusal } from '../../contract/errors';
import type { Webhook } from '../../contract/resizes';
import { ask, expectJson } from './ask';
import type { Place, Resizer } from './object';
import { readSecret } from './secret';

/**
 * Posts the new size as JSON. `x-evenkeel-signature: sha256=…` is the HMAC over the timestamp of `x-evenkeel-timestamp`,
 * a dot and the body (empty for the GET); a request that is repeated carries the same `idempotency-key`.
 */
export function webhook({ url, read, secret, unit, ca }: Webhook, place: Place): Resizer {
  const { object } = place;
  const what = `webhook at ${new URL(url).host}`;
  const signed = (body: string): Record<string, string> => {
    const time = String(Math.floor(Date.now() / 1000));
    const signature = createHmac('sha256', readSecret(secret)).update(`${time}.${body}`).digest('hex');
    return { 'x-evenkeel-timestamp': time, 'x-evenkeel-signature': `sha256=${signature}` };
  };
  return {
    what,
    unit,
    grain: 1e-9,
    tells: read !== undefined,
    read: async (signal) => {
      if (read === undefined) return null;
      const question = { what, place, method: 'GET' as const, url: read, headers: signed(''), ca, signal };
      const { size } = expectJson(await ask(question), question) as { size?: unknown };
      if (typeof size === 'number' && Number.isFinite(size)) return size;
      throw new Refusal('SaidNo', { what, why: 'its answer has no number as `size`', object });
    },
    write: async ({ size, was, because, lease }, signal) => {
      const body = JSON.stringify({ object, size, was, unit, because, epoch: lease.epoch });
      const headers = {
        'content-type': 'application/json',
        'idempotency-key': `${object}:${lease.epoch}:${size}`,
        ...signed(body),
      };
      const question = { what, place, method: 'POST' as const, url, headers, body, ca, signal };
      const reply = await ask(question);
      // It may answer with anything, as long as it is a yes.
      expectJson({ ...reply, body: reply.status < 300 ? '{}' : reply.body }, question);
    },
  };
}
