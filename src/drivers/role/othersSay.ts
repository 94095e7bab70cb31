import type { OthersSaid } from '../../planning/failover/superseded';
import { said } from '../said';
import { readControl } from './control';
import { orderedPrimary } from './marks';
import type { Place } from './place';

export interface Asking {
  /** Nobody is waited for longer, ms. */
  answerMs: number;
  signal: AbortSignal;
  missed: (peer: string, why: string) => void;
}

/** What other hosts know of the endpoint. Nothing when this host's own agent does not tell what it has heard itself. */
export async function othersSay(place: Place, asking: Asking): Promise<OthersSaid | undefined> {
  const { host, entry, endpoint, name, member } = place;
  const { address, port } = member;
  const forwarders = Object.values(entry.forwarders).map((forwarder) => forwarder.host);
  const peers = Object.entries(entry.members).flatMap(([peer, at]) => (peer === name ? [] : [at.host]));
  const others = [...new Set([...entry.observers, ...forwarders, ...peers])].filter((other) => other !== host.name);
  const deadlineMs = asking.answerMs;
  const epochOn = async (other: string) => (await host.peer(other, 'host').epochs({})).epochs[endpoint] ?? 0;
  const [epochs, routes, members] = await Promise.all([
    answers(others, epochOn, asking),
    answers(forwarders, (other) => host.peer(other, 'traffic').routes({ endpoint }), asking),
    answers(peers, (other) => host.peer(other, 'role').status({ endpoint, deadlineMs }), asking),
  ]);
  const disk = members.some(({ state }) => state === 'primary') ? await ownDisk(place) : {};
  // Asked last: an order that has come meanwhile counts.
  const [heard] = await answers([host.name], epochOn, asking);
  if (heard === undefined) return undefined;
  const there = { forwarders: forwarders.length, others: others.length };
  return { ...{ address, port, heard, ordered: orderedPrimary(place), routes, epochs, members, ...there }, ...disk };
}

/** A disk that cannot be read proves nothing about its timeline; what forwarders say counts all the same. */
async function ownDisk(place: Place): Promise<Pick<OthersSaid, 'systemId' | 'timeline'>> {
  return readControl(place).then(
    ({ systemId, timeline }) => ({ systemId, timeline }),
    () => ({}),
  );
}

/** What is answered in time. */
async function answers<T>(
  names: readonly string[],
  ask: (name: string) => Promise<T>,
  { answerMs, signal, missed }: Asking,
): Promise<T[]> {
  const asked = names.map(async (name) => {
    const answer = await said(ask(name), answerMs);
    if ('value' in answer) return [answer.value];
    if (!signal.aborted) missed(name, answer.why);
    return [];
  });
  return (await Promise.all(asked)).flat();
}
