import type { ProxiesEntry } from '../../contract/endpoints';
import type { Observation, Sight } from '../../contract/sights';
import { mustYield } from '../../planning/failover/takeover';
import type { Host } from '../host';
import type { DeedBook } from './deedBook';
import { actMs, holding, said, sidesOf, titled, type Side } from './side';

/**
 * A node that was cut off may come back with an address that the other one took meanwhile. When it sees the other one again,
 * it asks, and gives up what is held there under a newer epoch.
 */
export class Homecomings {
  private readonly saw = new Map<string, Sight['says'] | undefined>();

  constructor(
    private readonly host: Host,
    private readonly book: DeedBook,
  ) {}

  /** Hears everything that is seen of a pair, and acts when the other proxy answers again, or for the first time. */
  consider(pair: string, entry: ProxiesEntry, { sights }: Observation): void {
    const side = sidesOf(this.host.name, pair, entry).find(({ own }) => own);
    if (!side) return;
    const now = sights[side.other]?.says;
    const before = this.saw.get(pair);
    this.saw.set(pair, now);
    if (now !== 'answers' || before === 'answers') return;
    const failed = (error: unknown) =>
      this.host.log('who holds an address is not known', { level: 'error', ...titled(side), why: String(error) });
    this.compare(side).catch(failed);
  }

  private async compare(side: Side): Promise<void> {
    const { pair, node, home, away } = side;
    const [mine, theirs] = await Promise.all([holding(this.host, side, home), holding(this.host, side, away)]);
    if (!theirs || !mustYield(mine, theirs)) return;
    const atMs = Date.now();
    const lease = { target: `${pair}/${node}`, epoch: theirs.epoch };
    const released = await said(this.host.peer(home.host, 'traffic').release({ pair, node, lease }), actMs);
    const why = `${away.host} took ${home.address} while ${home.host} was cut off`;
    const outcome = 'value' in released ? 'done' : 'failed';
    const what = 'value' in released ? `${home.host} gave it up` : `${home.host} did not give it up: ${released.why}`;
    const acts = [{ afterMs: Date.now() - atMs, what }];
    this.book.write({ atMs, target: pair, failed: node, epoch: theirs.epoch, acts, outcome, why });
    this.host.log('an address was held twice', { ...titled(side), outcome, epoch: theirs.epoch });
  }
}
