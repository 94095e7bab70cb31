import type { WatchInput } from '../contract/capabilities/watch';
import type { Deed, Observation } from '../contract/sights';
import type { CapabilityOf } from '../drivers/host';
import { opinionOf, type Judgement } from '../planning/failover/verdict';
import type { EndpointTerms } from '../planning/failover/facts';
import { judgeObservations } from '../planning/failover/plan';
import type { Hands } from '.';
import { Listening, pollMs } from './listening';
import { awaiting, beating } from './supervise';

type Watch = CapabilityOf<'watch'>;

/** A change of mind that is no majority must last before anybody is told, ms. */
const settleMs = 2_000;
/** Nothing was done for so long: the run may begin its history anew, ms. */
const quietMs = 3_600_000;

export interface Watching {
  terms: EndpointTerms;
  primary: string;
  /** The opinion that the run knows already. */
  known: string;
  /** It ends after this all the same, so that its run can look around, ms. */
  spellMs: number;
}

/** What agents did by themselves, by host. */
export interface Heard {
  host: string;
  deeds: Deed[];
}

export const watchActivities = ({ agent }: Hands) => ({
  /** A real write through an address, as a client makes it. */
  async writeThrough({ host, ...asked }: WatchInput<'write'> & { host: string }): ReturnType<Watch['write']> {
    return beating(host, `Write through ${asked.address}`, () => agent(host).watch.write(asked));
  },

  /** Cuts the power of a member's host, through an observer. */
  async powerOffMember({ host, ...order }: WatchInput<'powerOff'> & { host: string }): ReturnType<Watch['powerOff']> {
    return beating(host, `Cut the power of ${order.member}`, () => agent(host).watch.powerOff(order));
  },

  /**
   * Listens to the observers of an endpoint until their opinion is another than the run knows: a majority at once, anything
   * else when it lasts.
   */
  async watchEndpoint({ terms, primary, known, spellMs }: Watching): Promise<Judgement> {
    const { endpoint } = terms;
    return awaiting(endpoint, `Watch ${primary}, primary of ${endpoint}`, async (signal) => {
      const observers = new Listening<Observation>(signal, (host, last) =>
        agent(host).watch.look({ target: endpoint, after: last?.revision ?? -1, waitMs: pollMs }),
      );
      const begun = Date.now();
      let otherSince: number | undefined;
      const judged = await observers.until(
        terms.observers.map(({ host }) => host),
        (said) => {
          const judgement = judgeObservations(terms, primary, [...said.values()]);
          const now = Date.now();
          if (opinionOf(judgement) === known) otherSince = undefined;
          else otherSince ??= now;
          const lasted = otherSince !== undefined && (judgement.majority || now - otherSince >= settleMs);
          return lasted || now - begun > spellMs ? judgement : undefined;
        },
      );
      return judged ?? judgeObservations(terms, primary, []);
    });
  },

  /** What the agents of a pair did by themselves since the run last heard of it. Ends after an hour with nothing. */
  async awaitDeeds({ hosts, target, after }: { hosts: string[]; target: string; after: Record<string, number> }) {
    return awaiting(target, `Listen to the agents of ${target}`, async (signal): Promise<Heard[]> => {
      const agents = new Listening<Deed[]>(signal, async (host) => {
        const { deeds } = await agent(host).watch.deeds({ target, after: after[host] ?? 0, waitMs: pollMs });
        return deeds;
      });
      const begun = Date.now();
      const heard = await agents.until(hosts, (said) => {
        const news = [...said].filter(([, deeds]) => deeds.length > 0).map(([host, deeds]) => ({ host, deeds }));
        return news.length > 0 || Date.now() - begun > quietMs ? news : undefined;
      });
      return heard ?? [];
    });
  },
});
