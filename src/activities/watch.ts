import { setTimeout as pause } from 'node:timers/promises';
import type { WatchInput } from '../contract/capabilities/watch';
import type { WritesSeen } from '../contract/failoverReports';
import type { Observation } from '../contract/sights';
import type { CapabilityOf } from '../drivers/host';
import { opinionOf, type Judgement } from '../planning/failover/verdict';
import { answered, hangsSeen, primariesSeen, type EndpointTerms } from '../planning/failover/facts';
import { hangSentence } from '../planning/failover/guard';
import { judgeObservations } from '../planning/failover/plan';
import { writesSeen } from '../planning/failover/writesSeen';
import { beatMs } from '../services/watcher/protocol';
import type { Hands } from '.';
import { Asking } from './asking';
import { Keeper, type Keeping } from './keeping';
import { Listening, pollMs } from './listening';
import { awaiting, beating } from './supervise';

type Watch = CapabilityOf<'watch'>;

/** A change of mind that is no majority must last before anybody is told, ms. */
const settleMs = 2_000;
/** A standby that is started again is away for longer than that, ms. */
const hangMs = 10_000;

export interface Watching {
  terms: EndpointTerms;
  primary: string;
  /** Other members that say that they are a primary: the run knows of them. */
  beside?: string[];
  /** Its commits hang: the run knows it. */
  hangs?: boolean;
  /** The opinion that the run knows already. */
  known: string;
  /** It ends after this all the same, so that its run can look around, ms. */
  spellMs: number;
  /** The plan that the agents hold meanwhile. */
  keeping: Keeping;
}

export interface Watched {
  judgement: Judgement;
  /** Why the run has to look around, though the opinion is the one that it knows. */
  changed?: string;
}

/** Which observers are asked for their good writes, and of which time. */
export interface WritesAsked {
  target: string;
  hosts: string[];
  fromMs: number;
  toMs: number;
}

export const watchActivities = (hands: Hands) => ({
  /** A real request through an address, as a client makes it: a write of an endpoint, a question to a proxy. */
  async writeThrough({ host, ...asked }: WatchInput<'write'> & { host: string }): ReturnType<Watch['write']> {
    return beating(host, `Write through ${asked.address}`, () => hands.agent(host).watch.write(asked));
  },

  /** What the observers saw of their own writes around a failover, until `toMs` has come. One that does not answer is left out. */
  async keepWrites({ target, hosts, fromMs, toMs }: WritesAsked): Promise<WritesSeen> {
    return awaiting(target, `Keep what the observers of ${target} see of the writes`, async (signal) => {
      // A beat of the watcher later it has been told.
      const lastMs = toMs + 2 * beatMs - Date.now();
      await pause(Math.max(0, lastMs), undefined, { signal }).catch(() => undefined); // stopped: `awaiting` says so
      const asked = new Asking();
      const tracks: Record<string, number[]>[] = [];
      for (const host of hosts)
        asked.put(host, hands.agent(host).watch.track({ target, fromMs, toMs }), (said) => {
          if (answered(said)) tracks.push(said.wrote);
        });
      await asked.answers(() => tracks.length > 0);
      return writesSeen(tracks, { fromMs, toMs });
    });
  },

  /** Cuts the power of a member's host, through an observer. */
  async powerOffMember({ host, ...order }: WatchInput<'powerOff'> & { host: string }): ReturnType<Watch['powerOff']> {
    return beating(host, `Cut the power of ${order.member}`, () => hands.agent(host).watch.powerOff(order));
  },

  /**
   * Listens to the observers of an endpoint until their opinion is another than the run knows: a majority at once, anything
   * else when it lasts. Meanwhile the plan of the agents is kept, and it ends when that has to be another one.
   */
  async watchEndpoint({
    terms,
    primary,
    beside = [],
    hangs = false,
    known,
    spellMs,
    keeping,
  }: Watching): Promise<Watched> {
    const { endpoint } = terms;
    return awaiting(endpoint, `Watch ${primary}, primary of ${endpoint}`, async (signal) => {
      const observers = new Listening<Observation>(signal, (host, last) =>
        hands.agent(host).watch.look({ target: endpoint, after: last?.revision ?? -1, waitMs: pollMs }),
      );
      const over = new AbortController();
      const keeper = new Keeper(hands, terms, primary, keeping);
      // Not waited for: a look of it may take seconds, and clients wait for what is heard here.
      void keeper.keep(AbortSignal.any([signal, over.signal]));
      const begun = Date.now();
      const lasts = { other: new Lasting(settleMs), moved: new Lasting(settleMs), hangs: new Lasting(hangMs) };
      try {
        const watched = await observers.until(
          terms.observers.map(({ host }) => host),
          (said): Watched | undefined => {
            const judgement = judgeObservations(terms, primary, [...said.values()]);
            const isOther = lasts.other.is(opinionOf(judgement) !== known, judgement.majority);
            if (isOther || Date.now() - begun > spellMs) return { judgement };
            const news = primariesSeen(terms, [...said.values()]).filter(
              (one) => one !== primary && !beside.includes(one),
            );
            const moved = lasts.moved.is(news.length > 0) ? `${news.join(' and ')} is a primary` : undefined;
            const isHung = hangsSeen(primary, [...said.values()]);
            const stalled = lasts.hangs.is(isHung !== hangs) ? hangNews(primary, isHung) : undefined;
            const changed = moved ?? stalled ?? keeper.changed ?? keeper.fileChanged();
            return changed === undefined ? undefined : { judgement, changed };
          },
        );
        return watched ?? { judgement: judgeObservations(terms, primary, []) };
      } finally {
        over.abort();
      }
    });
  },
});

const hangNews = (primary: string, hangs: boolean): string =>
  hangs ? hangSentence(primary) : `commits on ${primary} hang no more`;

/** Something that counts when it lasts, or at once. */
class Lasting {
  private sinceMs: number | undefined;

  constructor(private readonly ms: number) {}

  is(holds: boolean, atOnce = false): boolean {
    if (!holds) this.sinceMs = undefined;
    else this.sinceMs ??= Date.now();
    return this.sinceMs !== undefined && (atOnce || Date.now() - this.sinceMs >= this.ms);
  }
}
