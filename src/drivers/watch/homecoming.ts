import type { ProxiesEntry } from '../../contract/endpoints';
import type { Observation, Sight } from '../../contract/sights';
import { isGone, mustYield, type Twice } from '../../planning/failover/takeover';
import type { Host } from '../host';
import type { Acquaintance } from './acquaintance';
import type { DeedBook } from './deedBook';
import { said } from '../said';
import { actMs, holding, ownSight, sidesOf, titled, type Side } from './side';

/**
 * A node that was cut off may come back with an address that the other one took meanwhile, its own or one that was lent to it;
 * and of two agents that moved one address, one may have taken it back. Who has it twice asks, and one of both gives it up.
 */
export class Homecomings {
  private readonly saw = new Map<string, Sight['says'] | undefined>();

  constructor(
    private readonly host: Host,
    private readonly book: DeedBook,
    private readonly acquaintance: Acquaintance,
  ) {}

  /**
   * Hears everything that is seen of a pair, and acts when the other proxy answers again, or for the first time; also when both
   * said that they have an address, since one that is to give it up may have been too slow to hear of it.
   */
  consider(pair: string, entry: ProxiesEntry, { sights }: Observation): void {
    const own = sidesOf(this.host.name, pair, entry).filter((side) => side.own);
    const [side] = own;
    if (!side) return;
    const now = sights[side.to.node]?.says;
    const before = this.saw.get(pair);
    this.saw.set(pair, now);
    const isNew = now === 'answers' && before !== 'answers';
    const gone = {
      here: isGone(sights[side.from.node], entry.probe),
      there: isGone(sights[side.to.node], entry.probe),
    };
    const twice = (each: Side) => {
      const known = this.acquaintance.of(each);
      return known?.source.held && known.goal.held;
    };
    for (const each of own.filter((one) => isNew || twice(one)))
      this.compare(each, gone).catch((error: unknown) =>
        this.host.log('who holds an address is not known', { level: 'error', ...titled(each), why: String(error) }),
      );
  }

  private async compare(side: Side, gone: Twice['gone']): Promise<void> {
    const { pair, node, address, from, to, returns } = side;
    this.acquaintance.forget(pair);
    const [mine, theirs, there] = await Promise.all([
      holding(this.host, side, from, actMs),
      holding(this.host, side, to, actMs),
      gone.there ? ownSight(this.host, pair, to, actMs) : undefined,
    ]);
    // Of its own proxy the other host knows better, also where this one does not reach it.
    const twice = { mine, theirs, lent: returns, gone: { ...gone, there: gone.there && there?.says !== 'answers' } };
    if (!mine || !theirs || !mustYield(twice)) return;
    const atMs = Date.now();
    const lease = { target: `${pair}/${node}`, epoch: Math.max(mine.epoch, theirs.epoch) };
    const released = await said(this.host.peer(from.host, 'traffic').release({ pair, node, lease }), actMs);
    const why = `${to.host} has ${address} too, and serves it`;
    const outcome = 'value' in released ? 'done' : 'failed';
    const what = 'value' in released ? `${from.host} gave it up` : `${from.host} did not give it up: ${released.why}`;
    const acts = [{ afterMs: Date.now() - atMs, what }];
    this.book.write({ atMs, target: pair, failed: node, epoch: lease.epoch, acts, outcome, why });
    this.host.log('an address was held twice', { ...titled(side), outcome, epoch: lease.epoch });
  }
}
