import { setTimeout as pause } from 'node:timers/promises';
import type { ProxiesEntry, ProxyNode } from '../../contract/endpoints';
import type { ErrorCode } from '../../contract/errors';
import type { Deed, Observation, Sight } from '../../contract/sights';
import {
  isAstray,
  isCutOff,
  isGone,
  mayBeNew,
  planTakeover,
  type Holding,
  type Takeover,
  type TakeoverFacts,
} from '../../planning/failover/takeover';
import type { Host } from '../host';
import type { Acquaintance } from './acquaintance';
import type { DeedBook } from './deedBook';
import { lookAtLink } from './link';
import { said, type Unsaid } from '../said';
import { actMs, holding, ownSight, peerMs, sidesOf, titled, type Side } from './side';

/** A node for which nothing could be done is looked at again this soon; with each move that failed later, but not than that. */
const [againMs, latestMs] = [300, 30_000];
/** So long another host has for its answer, ms: a dead one must not hold up its successor, and one that is slow must be heard. */
const patienceMs = (failures: number): number => Math.min(peerMs * 2 ** failures, actMs);
/** What another move that was let in takes until it is there, ms. */
const arrivingMs = 500;
/** Moves that failed are forgotten when its proxy has answered for so long. */
const calmMs = 30_000;

/**
 * The other agent has moved it, or is at it, when the kernel of the goal knows another epoch than was expected. To take it back
 * from there would leave it with the dead proxy.
 */
const cameFirst = (code: ErrorCode | undefined, goal: Holding | undefined, expected: number): boolean =>
  goal ? (code === 'EpochMoved' || code === 'StaleEpoch') && goal.epoch !== expected : code === 'EpochMoved';

/** What was said and done about one node since it failed. */
interface Episode {
  busy: boolean;
  notBeforeMs: number;
  failures: number;
  /** Since when its proxy answers again. */
  wellSinceMs?: number | undefined;
  said: Set<string>;
  /** When both hosts first said that they have not its address. */
  astraySinceMs?: number | undefined;
  /** The epoch under which a host last refused a move that came too late, and whether it did so twice. */
  late?: { epoch: number; twice: boolean };
}

/** Hears of an epoch that the kernels do not tell: it is only on the disk of an agent, or of a run that has begun nothing yet. */
function heed(episode: Episode, { code, facts }: Partial<Unsaid>): void {
  const epoch = code === 'StaleEpoch' ? Number(facts?.['known']) : 0;
  if (epoch > 0) episode.late = { epoch, twice: episode.late?.epoch === epoch };
}

/**
 * Moves an address away from a proxy that fails to the other one, before any workflow knows; also back to its own node, when
 * that is well and the one that served its clients fails. Both agents may do it: the one of the host itself sees it first when
 * its process dies, the other one also when the whole host has gone. They use the same epoch, so that of two only one comes
 * through.
 */
export class Takeovers {
  private readonly episodes = new Map<string, Episode>();
  private cutOffAtMs = -Infinity;

  constructor(
    private readonly host: Host,
    private readonly book: DeedBook,
    private readonly acquaintance: Acquaintance,
  ) {}

  /** Hears everything that is seen of a pair. */
  consider(pair: string, entry: ProxiesEntry, observation: Observation): void {
    for (const side of sidesOf(this.host.name, pair, entry)) {
      const key = `${pair}/${side.node}/${side.to.node}`;
      if (!isGone(observation.sights[side.from.node], entry.probe)) {
        this.rest(key);
        continue;
      }
      const episode: Episode = this.episodes.get(key) ?? {
        busy: false,
        notBeforeMs: 0,
        failures: 0,
        said: new Set<string>(),
      };
      episode.wellSinceMs = undefined;
      this.episodes.set(key, episode);
      if (!episode.busy && performance.now() >= episode.notBeforeMs) void this.meet(side, episode, observation);
    }
  }

  /** Its proxy answers. One that stutters is not moved anew each time where that failed. */
  private rest(key: string): void {
    const episode = this.episodes.get(key);
    if (!episode || episode.busy) return;
    episode.said.clear();
    episode.wellSinceMs ??= performance.now();
    if (episode.failures === 0 || performance.now() - episode.wellSinceMs > calmMs) this.episodes.delete(key);
  }

  /** Returns when nothing is under way any more. */
  async stop(): Promise<void> {
    while ([...this.episodes.values()].some(({ busy }) => busy)) await pause(10);
  }

  private async meet(side: Side, episode: Episode, observation: Observation): Promise<void> {
    episode.busy = true;
    try {
      const facts = await this.look(side, observation, episode);
      if (mayBeNew(facts)) facts.onDisk = await this.onDisk(side);
      const now = performance.now();
      if (isCutOff(facts)) this.cutOffAtMs = now;
      if (isAstray(facts)) episode.astraySinceMs ??= now;
      else if (facts.source?.held || facts.goal?.held) episode.astraySinceMs = undefined;
      // After a move of its own that failed it need not wait for whoever else may be at it.
      const astrayMs = episode.failures > 0 ? Infinity : now - (episode.astraySinceMs ?? now);
      const abandoned = episode.late?.twice ? episode.late.epoch : undefined;
      const plan = planTakeover({ ...facts, sinceCutOffMs: now - this.cutOffAtMs, astrayMs, abandoned });
      if (plan.does === 'move') await this.move(side, plan, { ...facts, silent: facts.silent! }, episode);
      if (plan.does === 'refused') this.end(side, plan, episode, { outcome: 'refused', acts: [], why: plan.why });
    } catch (error) {
      this.host.log('a takeover failed', { level: 'error', ...titled(side), why: String(error) });
    } finally {
      episode.busy = false;
      episode.notBeforeMs = performance.now() + Math.min(againMs * 2 ** episode.failures, latestMs);
    }
  }

  /**
   * A proxy that is dead, or that is this host's own, leaves nothing to find out: what both hosts said last is enough. Else
   * everybody is asked, since an answer is itself the proof that this node is not cut off.
   */
  private async look(
    side: Side,
    observation: Observation,
    { failures }: Episode,
  ): Promise<TakeoverFacts & { remembered: boolean }> {
    const { from, own, returns } = side;
    const reached = own || observation.sights[from.node]?.says === 'refused';
    const known = reached ? this.acquaintance.of(side) : undefined;
    const fits = known && (returns || (known.source.held && !known.goal.held));
    if (!fits) return { ...(await this.ask(side, observation, reached, patienceMs(failures))), remembered: false };
    const { source, goal, deeds } = known;
    const sinceMs = returns ? undefined : this.sinceMoved(side, deeds);
    const link = { carrier: true, witness: undefined };
    return { ...termsOf(side, observation), source, goal, sinceMs, link, remembered: true };
  }

  private async onDisk({ pair, node, from, to }: Side): Promise<number> {
    const asked = [from, to].map(({ host }) => said(this.host.peer(host, 'host').epochs({}), actMs));
    const known = (await Promise.all(asked)).map((one) => ('value' in one ? one.value.epochs[`${pair}/${node}`] : 0));
    return Math.max(0, ...known.map((epoch = 0) => epoch));
  }

  /** Everything at once, each with an end: nothing here waits for a dead host longer than for a living one. */
  private async ask(side: Side, observation: Observation, reached: boolean, ms: number): Promise<TakeoverFacts> {
    const { pair, from, to, own, returns } = side;
    const peer = this.host.peer((own ? to : from).host, 'watch');
    const [source, goal, theirs, there, link] = await Promise.all([
      holding(this.host, side, from, ms),
      holding(this.host, side, to, ms),
      said(peer.deeds({ target: pair, after: 0, waitMs: 0 }), ms),
      own ? undefined : ownSight(this.host, pair, from, ms),
      reached ? { carrier: true, witness: undefined } : lookAtLink(this.host, pair, [from, to], to, ms),
    ]);
    const sinceMs = returns ? undefined : this.sinceMoved(side, 'value' in theirs ? theirs.value.deeds : []);
    return { ...termsOf(side, observation), source, goal, sinceMs, there, link };
  }

  /** Release at the one, then take at the other; if that fails, back again, so that clients are refused and not left waiting. */
  private async move(
    side: Side,
    plan: Extract<Takeover, { does: 'move' }>,
    { silent, remembered }: { silent: Sight; remembered: boolean },
    episode: Episode,
  ): Promise<void> {
    const { pair, node, address, from, to, own, returns } = side;
    const traffic = ({ host }: ProxyNode) => this.host.peer(host, 'traffic');
    const lease = { target: `${pair}/${node}`, epoch: plan.epoch };
    const acts: Deed['acts'] = [];
    this.acquaintance.forget(pair);
    const did = (what: string) => void acts.push({ afterMs: Math.max(0, Date.now() - silent.sinceMs), what });
    const end = (outcome: Deed['outcome'], why: string) => this.end(side, plan, episode, { outcome, acts, why });
    did(`${from.node} on ${from.host}: ${plan.why}`);

    const waitMs = own ? actMs : patienceMs(episode.failures);
    const released = await said(traffic(from).release({ pair, node, lease }), waitMs);
    if (!('value' in released)) {
      heed(episode, released);
      // It was older than what is so: everybody is asked next.
      if (remembered && (own || released.code === 'StaleEpoch')) return;
      did(`${from.host} did not give ${address} up: ${released.why}`);
      const needed = own || (side.entry.by === 'nftables' && !returns);
      if (needed || released.code === 'StaleEpoch') return end('failed', released.why);
    } else did(`${from.host} gave ${address} up`);

    let expected = plan.from;
    let taken = await this.take(side, expected, lease);
    // The goal moved on since it was asked, and yet does not have it, which the source gave up for this move.
    if (taken.code === 'EpochMoved' && taken.goal?.held === false && taken.goal.epoch < lease.epoch) {
      expected = taken.goal.epoch;
      taken = await this.take(side, expected, lease);
    }
    heed(episode, taken);
    if (taken.why === undefined) {
      did(`${to.host} took ${address}`);
      return end('done', plan.why);
    }
    if (taken.code === 'StaleEpoch') taken.goal = await this.arriving(side, taken.goal);
    if (taken.goal?.held || cameFirst(taken.code, taken.goal, expected)) {
      this.host.log('the other agent was faster', titled(side));
      return;
    }
    const { why } = taken;
    did(`${to.host} did not take ${address}: ${why}`);
    if ('value' in released) {
      const again = { target: lease.target, epoch: plan.epoch + 1 };
      const back = await said(traffic(from).take({ pair, node, from: released.value.epoch, lease: again }), actMs);
      did('value' in back ? `${from.host} took ${address} back` : `${from.host} did not take it back: ${back.why}`);
    }
    end('failed', why);
  }

  /** A newer epoch was let in at the goal, and is on its disk before its kernel has it: whoever came with it is at it, or died over it. */
  private async arriving(side: Side, goal: Holding | undefined): Promise<Holding | undefined> {
    let last = goal;
    for (const endMs = performance.now() + arrivingMs; !last?.held && performance.now() < endMs; await pause(20))
      last = (await holding(this.host, side, side.to, actMs)) ?? last;
    return last;
  }

  /** Nothing when it was taken; else why not, and what is known then of who has it. */
  private async take(
    side: Side,
    from: number,
    lease: { target: string; epoch: number },
  ): Promise<Partial<Unsaid> & { goal?: Holding | undefined }> {
    const { pair, node, to } = side;
    const taken = await said(this.host.peer(to.host, 'traffic').take({ pair, node, from, lease }), actMs);
    if ('value' in taken && taken.value.held) return {};
    const goal = await holding(this.host, side, to, actMs);
    return 'value' in taken ? { why: 'it does not hold it', goal } : { ...taken, goal };
  }

  /** Writes down how it ended; what did not come about once for each reason. */
  private end(
    side: Side,
    { epoch }: { epoch: number },
    episode: Episode,
    { outcome, acts, why }: Pick<Deed, 'outcome' | 'acts' | 'why'>,
  ): void {
    if (outcome !== 'refused') episode.failures = outcome === 'failed' ? episode.failures + 1 : 0;
    if (outcome !== 'done' && episode.said.has(why)) return;
    episode.said.add(why);
    const { pair: target, node: failed } = side;
    const { number } = this.book.write({ atMs: Date.now(), target, failed, epoch, acts, outcome, why });
    this.host.log('takeover', { ...titled(side), outcome, why, epoch, number });
  }

  /** Both agents remember what they did: a move by the other one counts as much. One that failed moved nothing. */
  private sinceMoved({ pair, node }: Side, theirs: readonly Deed[]): number | undefined {
    const moves = theirs.filter(({ failed, outcome }) => failed === node && outcome === 'done');
    const last = Math.max(this.book.movedAt(pair, node) ?? 0, ...moves.map(({ atMs }) => atMs));
    return last === 0 ? undefined : Date.now() - last;
  }
}

const termsOf = (
  { entry: { probe, autonomy, maintenance, coolDown, by }, node, from, to, own, returns }: Side,
  { sights, starvedMs }: Observation,
) => ({
  ...{ node, own, returns, probe, autonomy, maintenance, coolDownMs: coolDown, by, starvedMs },
  ...{ silent: sights[from.node], other: sights[to.node] },
});
