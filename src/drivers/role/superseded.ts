import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { judgeReturn, knownOf } from '../../planning/failover/superseded';
import type { CapabilityOf, Host } from '../host';
import { ArmedBook } from '../watch/armedBook';
import { isStandby } from './dataFiles';
import { readMark } from './marks';
import { othersSay } from './othersSay';
import { dataOf, placesOf, type Place } from './place';

/** How long others have to answer, and when they are asked again, ms. */
export interface Patience {
  answerMs: number;
  againMs: number;
}

/** What stays open is asked again ever more seldom, up to this, ms. */
const [slower, mostMs] = [1.1, 30_000];

export type Fencing = Pick<CapabilityOf<'role'>, 'fence'>;

/**
 * Born closed: a host that comes back must not serve what was given to another while it was away. To be called when the
 * agent starts: others are asked once before this returns, and what they leave open is asked again until it is decided, an
 * order to the member comes, or the agent ends. A network that comes up late is waited for, and nobody is fenced for want of
 * an answer. `known`: the epochs that this host knew before its agent listened to anybody.
 */
export async function fenceSuperseded(
  host: Host,
  role: Fencing,
  known: Readonly<Record<string, number>>,
  signal: AbortSignal,
  patience: Patience = { answerMs: 1_500, againMs: 1_000 },
): Promise<void> {
  const back = placesOf(host).filter(mayServe);
  const returned = back.map((place) => new Returned(place, role, known, signal, patience));
  await Promise.all(returned.map((one) => one.begin()));
}

/** One that was not made yet, is kept down, or is a standby, serves nobody as a primary. */
export const mayServe = (place: Place): boolean =>
  existsSync(place.member.data) && !readMark(place) && !isStandby(dataOf(place));

/** What the host of a member knew of it before its agent listened to anybody, without a plan that may have been used since. */
const knownBefore = ({ host, name, endpoint }: Place, known: Readonly<Record<string, number>>): number =>
  knownOf(name, known[endpoint] ?? 0, new ArmedBook(host.stateDir).of(endpoint).plan);

/** Under the epoch that took its place from it. */
export async function fenceUnder({ host, endpoint }: Place, role: Fencing, epoch: number): Promise<void> {
  const lease = { target: endpoint, epoch };
  await host.hold(
    lease,
    () => {},
    () => role.fence({ endpoint, lease, deadlineMs: 5_000 }),
  );
}

/** One that came back as a primary, until it is known whether it still is the one. */
class Returned {
  private knownAtStart: number | undefined;
  private readonly told = new Set<string>();

  constructor(
    private readonly place: Place,
    private readonly role: Fencing,
    private readonly known: Readonly<Record<string, number>>,
    private readonly signal: AbortSignal,
    private readonly patience: Patience,
  ) {}

  async begin(): Promise<void> {
    if (!(await this.isDecided())) void this.goOn();
  }

  private async goOn(): Promise<void> {
    let waitMs = this.patience.againMs;
    do {
      await pause(waitMs, undefined, { signal: this.signal, ref: false }).catch(() => undefined);
      waitMs = Math.min(waitMs * slower, mostMs);
    } while (!this.signal.aborted && !(await this.isDecided()));
  }

  private async isDecided(): Promise<boolean> {
    try {
      return !mayServe(this.place) || (await this.judge());
    } catch (error) {
      this.tell('not known whether it was superseded: others are asked again', { why: String(error) });
      return false;
    }
  }

  private async judge(): Promise<boolean> {
    const { place, role, signal, patience } = this;
    const knownAtStart = (this.knownAtStart ??= knownBefore(place, this.known));
    const missed = (peer: string, why: string) => this.tell('not asked at the start', { peer, why });
    const said = await othersSay(place, { answerMs: patience.answerMs, signal, missed });
    if (!said || signal.aborted) return false;
    const decision = judgeReturn({ ...said, knownAtStart });
    const { does, why } = decision;
    if (does === 'ask') {
      this.tell('not known whether it was superseded: others are asked again', { why });
      return false;
    }
    if (does === 'serve') {
      this.tell('it was not superseded', { why });
      return true;
    }
    this.tell('superseded while it was away: it is fenced', { epoch: decision.epoch, why });
    await fenceUnder(place, role, decision.epoch);
    return true;
  }

  /** What is the same in each round is said once. */
  private tell(event: string, facts: Record<string, unknown>): void {
    const { endpoint, host } = this.place;
    const said = JSON.stringify([event, facts]);
    if (!this.told.has(said)) host.log(event, { endpoint, ...facts });
    this.told.add(said);
  }
}
