import { formatDuration } from '../../contract/amounts';
import type { Autonomy } from '../../contract/guarded';
import type { Sight } from '../../contract/sights';

/** What the agent of one node knows when a proxy of its pair is silent. What nobody could tell in time is left out. */
export interface TakeoverFacts {
  /** Whose address it is; whether the proxy that is silent with it is on the agent's own host. */
  node: string;
  own: boolean;
  /** It was away, and goes home. */
  returns: boolean;
  /** How many misses in a row are silence; ms in which an answer is expected. */
  probe: { misses: number; deadline: number };
  autonomy: Autonomy;
  maintenance: false | string;
  coolDownMs: number;
  /** Its address moves by `address`, or its own host redirects: then that host must live. */
  by: 'address' | 'nftables';
  /** What this agent sees of the silent proxy and of the other one, and how late it is itself, ms. */
  silent: Sight | undefined;
  other: Sight | undefined;
  starvedMs: number;
  /** What the silent proxy's own host sees of it, where that is another one and tells. */
  there?: Sight | undefined;
  /** Who has the address, as each of the two hosts says it: that of the silent proxy, and that of the other one. */
  source: Holding | undefined;
  goal: Holding | undefined;
  /** ms since the agents last moved this address by themselves, as far as they remember. A way home need not cool down. */
  sinceMs: number | undefined;
  /** The device has a link, and something else on it answers: asked when nothing proves that the silent host is reached. */
  link: { carrier: boolean; witness: string | undefined };
  /** ms for which both hosts have said that they have not its address. */
  astrayMs?: number | undefined;
  /** The highest epoch of the address that is on a disk: they outlive the kernels. Asked for where it may be a new one. */
  onDisk?: number;
  /** An epoch under which a host refused two moves that came too late, and under which nobody has moved anything since. */
  abandoned?: number | undefined;
  /** ms since this node last found that it may be cut off itself: what it saw until then is older than its link. */
  sinceCutOffMs?: number | undefined;
}

/** Whether a host has the address of a node, and the epoch it knows of it. */
export interface Holding {
  held: boolean;
  epoch: number;
}

/** What is to be done about it. `nothing` is not worth a word; `refused` is, once. */
export type Takeover =
  | { does: 'nothing'; why: string }
  | { does: 'refused'; why: string; epoch: number }
  /** Release the address at its source if the agent there answers, then take it at the other node, whose epoch is `from`. */
  | { does: 'move'; why: string; epoch: number; from: number };

/** A proxy that answers nothing, or whose process has gone. One that is late, or answers with an error, is alive. */
export function isGone(sight: Sight | undefined, { misses }: TakeoverFacts['probe']): boolean {
  if (!sight) return false;
  const hears = sight.says === 'answers' || sight.says === 'late' || sight.says === 'failing';
  return !hears && sight.misses >= (sight.process === 'gone' ? 1 : misses);
}

/**
 * Whether the address of a silent proxy goes to the other node. Proxies hold no state, so a wrong move costs connections and
 * no data: what must not happen is a move to where nobody answers, a move by the one that is cut off, and moving on and on.
 */
export function planTakeover(facts: TakeoverFacts): Takeover {
  const { node, silent, other, source, goal, starvedMs, probe } = facts;
  const nothing = (why: string): Takeover => ({ does: 'nothing', why });
  if (!silent || !isGone(silent, probe)) return nothing('the proxy that has it answers');
  if (!other) return nothing('the other proxy was not seen yet');
  if (facts.there?.says === 'answers') return nothing('its own host has answers from it');
  if (goal?.held) return nothing(`the address of ${node} is there already`);
  if (source && !source.held && !(isAstray(facts) && (facts.astrayMs ?? 0) >= astrayMs))
    return nothing(`the address of ${node} is not at the silent proxy`);
  if (starvedMs > probe.deadline && silent.says !== 'refused' && silent.process !== 'gone')
    return nothing(`this agent is starved by ${starvedMs} ms: what it misses proves nothing`);
  const { sinceCutOffMs = Infinity } = facts;
  if (!facts.own && sinceCutOffMs < settleMs)
    return nothing('this node was cut off itself a moment ago: it looks again first');
  if (!facts.own && sinceCutOffMs < wellMs && source && !facts.there)
    return nothing('this node was cut off itself a while ago, and the other host has not said yet what it sees');
  const isNew = mayBeNew(facts) && facts.onDisk === 0;
  // Its host lives and did not say in time who has the address: at the very first start nobody has.
  const looksNew = silent.never && silent.says === 'refused' && !facts.returns && !source && goal?.epoch === 0;
  if (isNew || looksNew) return nothing("it was never brought up, which is a run's to do");
  // At the very first start nobody has it, and that is a run's to change.
  if (facts.returns && !source && goal?.epoch === 0) return nothing('it never was away');
  const epoch = Math.max(source?.epoch ?? 0, goal?.epoch ?? 0, facts.abandoned ?? 0) + 1;
  const against = objection(facts);
  if (against) return { does: 'refused', why: against, epoch };
  if (!goal) return { does: 'refused', why: 'nobody can tell who has its address at the other node', epoch };
  const why = `its proxy is ${silent.process === 'gone' ? 'gone' : silent.says} and the other one ${other.says}`;
  return { does: 'move', why, epoch, from: goal.epoch };
}

/** By nftables, a proxy that never answered since this agent looks, with an address that no kernel knows to have been taken. */
export const mayBeNew = ({ by, returns, silent, source, goal }: TakeoverFacts): boolean =>
  by === 'nftables' && !returns && silent?.never === true && source?.epoch === 0 && goal?.epoch === 0;

/**
 * So long after a node was cut off its sight of others counts again, ms: time for more than one look at them, also where the
 * kernel still takes a neighbour for gone. For longer than that nothing is believed against the word of a host that answers.
 */
const [settleMs, wellMs] = [3_000, 30_000];

/**
 * Whoever moves an address gives it up at one host before the other one takes it, and a run starts the proxy between. For
 * longer than this nobody is at it any more, ms.
 */
const astrayMs = 15_000;

/** Nobody has the address, and somebody once had: whoever moved it died over it, or its take and its way back both failed. */
export const isAstray = ({ source, goal }: Pick<TakeoverFacts, 'source' | 'goal'>): boolean =>
  source?.held === false && goal?.held === false && Math.max(source.epoch, goal.epoch) > 0;

/** Nothing tells that this node reaches anybody. */
export const isCutOff = (facts: TakeoverFacts): boolean =>
  !facts.own && !facts.source && facts.silent?.says !== 'refused' && (!facts.link.carrier || !facts.link.witness);

/** An address that two hosts have, as one of them sees it. */
export interface Twice {
  mine: Holding | undefined;
  theirs: Holding | undefined;
  /** It was lent to this host: its home is the other one. */
  lent: boolean;
  /** Whose proxy is gone. */
  gone: { here: boolean; there: boolean };
}

/**
 * Whether this host gives it up. It stays where a proxy lives, whatever the epochs: a way back may have been newer than a move
 * that succeeded in the end. Of two that live, or of two that do not, the one that slept through the newer epoch gives it up,
 * while it was cut off. Under one epoch its own node does: it may have been told to, and hear of it late.
 */
export function mustYield({ mine, theirs, lent, gone }: Twice): boolean {
  if (!mine?.held || !theirs?.held) return false;
  if (gone.here !== gone.there) return gone.here;
  return theirs.epoch === mine.epoch ? !lent : theirs.epoch > mine.epoch;
}

/** A late answer is better than none. */
const serves = (sight: Sight | undefined): boolean => sight?.says === 'answers' || sight?.says === 'late';

/** The first thing that speaks against a move. */
function objection(facts: TakeoverFacts): string | undefined {
  const { other, maintenance, autonomy, sinceMs, coolDownMs } = facts;
  if (!serves(other)) return `there is nowhere to go: the other proxy is ${other?.says}`;
  if (maintenance !== false) return `the pair is in maintenance: ${maintenance}`;
  if (autonomy !== 'act') return autonomy === 'ask' ? 'it waits for an approval' : 'its agents only say what they see';
  if (sinceMs !== undefined && sinceMs < coolDownMs)
    return `it moved less than ${formatDuration(coolDownMs)} ago, and is cooling down`;
  return cutOff(facts);
}

/**
 * A node that is cut off itself sees its peer dead. Its own proxy proves nothing: that answers on loopback too. So when nothing
 * came back from the silent host, neither a refusal nor a word of its agent, something else must have.
 */
function cutOff(facts: TakeoverFacts): string | undefined {
  const { own, returns, by, source, link } = facts;
  if (own || source) return undefined;
  if (by === 'nftables' && !returns) return 'the agent of its host does not answer, and only that host can redirect';
  if (!isCutOff(facts)) return undefined;
  return link.carrier
    ? 'nothing else on the link answers: this node may be cut off itself'
    : 'the link of this node is down: it is cut off itself';
}
