import { randomInt } from 'node:crypto';
import type { Dns, EndpointEntry } from '../../contract/endpoints';
import { Refusal } from '../../contract/errors';
import type { CapabilityOf, Host } from '../host';
import { readSecret } from '../load/secret';
import { exchange } from './dnsExchange';
import { decode, decodeAddress, encodeQuery, encodeUpdate, types, type Change, type Message } from './dnsMessage';
import { complaint, sign, type Key } from './dnsSignature';

const rcodes: Record<number, string> = {
  1: 'it does not understand the message (FORMERR)',
  2: 'it failed (SERVFAIL)',
  3: 'there is no such name (NXDOMAIN)',
  4: 'it does not do that (NOTIMP)',
  5: 'it does not allow it (REFUSED)',
  9: 'it has no authority, or no trust (NOTAUTH)',
  10: 'the name is not in the zone (NOTZONE)',
};
const failed = 2;
const noSuchName = 3;

/** The forwarders that a DNS name says, and how one comes to it or leaves it. Asked is always the server that is told. */
export function dns(
  host: Pick<Host, 'name'>,
  { dns: server, name }: EndpointEntry,
  endpoint: string,
): Pick<CapabilityOf<'traffic'>, 'resolve' | 'announce'> {
  if (!server) throw new Refusal('NoPart', { host: host.name, part: 'DNS server', name: endpoint });
  const resolve = async () => {
    const answers = await Promise.all([addressesOf(server, name, 'A'), addressesOf(server, name, 'AAAA')]);
    const found = answers.flat();
    const addresses = found.map(({ address }) => address).toSorted();
    return { addresses, ...(found.length > 0 && { ttlSeconds: Math.min(...found.map(({ ttl }) => ttl)) }) };
  };
  return {
    resolve,
    announce: async ({ address, as }) => {
      await update(server, { zone: server.zone, name, address, as, ttl: server.ttl });
      const { addresses } = await resolve();
      return { addresses };
    },
  };
}

async function addressesOf(server: Dns, name: string, type: 'A' | 'AAAA'): Promise<{ address: string; ttl: number }[]> {
  const { answer } = await ask(server, encodeQuery(newId(), name, type));
  if (answer.rcode === noSuchName) return [];
  refuseNo(server, name, answer);
  return answer.answers
    .filter((record) => record.type === types[type])
    .map(({ data, ttl }) => ({ address: decodeAddress(data), ttl }));
}

async function update(server: Dns, change: Change): Promise<void> {
  const message = encodeUpdate(newId(), change);
  const key = keyOf(server);
  if (!key) return refuseNo(server, change.name, (await ask(server, message)).answer);
  const { signed, mac } = sign(message, key, Math.floor(Date.now() / 1000));
  const { answer, bytes } = await ask(server, signed);
  const why = complaint(bytes, answer, key, mac, Math.floor(Date.now() / 1000));
  // A server that refuses the signature itself may answer without one; what it grants must be signed.
  if (why !== undefined && (answer.rcode === 0 || answer.additional.length > 0)) throw no(server, change.name, why);
  refuseNo(server, change.name, answer);
}

/** An id that nobody can guess. */
const newId = (): number => randomInt(0x1_00_00);

async function ask({ server, port }: Dns, message: Buffer): Promise<{ answer: Message; bytes: Buffer }> {
  try {
    const bytes = await exchange({ address: server, port }, message);
    return { bytes, answer: decode(bytes) };
  } catch (cause) {
    throw new Refusal('DnsSilent', { server: `${server}:${port}`, why: (cause as Error).message }, { cause });
  }
}

function refuseNo(server: Dns, name: string, { rcode }: Message): void {
  const why = rcodes[rcode] ?? `it answers with ${rcode}`;
  if (rcode === failed) throw new Refusal('DnsSilent', { server: `${server.server}:${server.port}`, why });
  if (rcode !== 0) throw no(server, name, why);
}

const no = ({ server, port }: Dns, name: string, why: string): Refusal =>
  new Refusal('DnsSaidNo', { server: `${server}:${port}`, name, why });

function keyOf({ key }: Dns): Key | undefined {
  return key && { name: key.name, algorithm: key.algorithm, secret: Buffer.from(readSecret(key.secret), 'base64') };
}
