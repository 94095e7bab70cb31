import { mkdirSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import type { Sent } from '../../src/contract/capabilities/copy';
import type { Store } from '../../src/contract/capabilities/files';
import { addSent, nothingSent } from '../../src/planning/ingestion/sent';
import { mayStart, packShipments, type Shipment } from '../../src/planning/ingestion/shipments';
import type { AgentPair } from '../agents';
import type { Copier } from './copiers';

/** What an ingestion gives each FSVM when nobody says otherwise. */
const tokens = 2;
/** No copy of a benchmark takes longer, ms. */
const patienceMs = 20 * 60_000;
const filters = { include: [], exclude: [] };

/** One pass as the runbook makes it: the same shipments, as many at once as the tokens of the FSVMs allow, and no Temporal. */
export class Ours implements Copier {
  private readonly shipments = new Map<string, Shipment[]>();
  private runs = 0;
  private readonly prefix = `bench-${randomBytes(4).toString('hex')}`;

  constructor(
    readonly pair: AgentPair,
    readonly name = 'ours',
    /** `lookAtAll`: as over a foreign tree. */
    private readonly manner: { lookAtAll?: true } = {},
  ) {}

  cpu(): number {
    return this.pair.cpu();
  }

  /** Counts a source and packs it into shipments: planning, which comes once and not with each pass. */
  async survey(source: string): Promise<void> {
    const { source: from, target: to } = this.pair.names;
    const store = storeOf(from, source);
    const { items } = await this.pair.client.files.survey({ store, filters }, this.context(`survey-${++this.runs}`));
    const cargo = items.map(({ item, bytes, files }) => ({ item, bytes, files, from, to }));
    this.shipments.set(source, packShipments(cargo, tokens));
  }

  async copy(source: string, target: string, { durable = false } = {}): Promise<void> {
    const { failed } = await this.send(source, target, durable);
    if (failed > 0) throw new Error(`${failed} files failed`);
  }

  async send(source: string, target: string, fsync: boolean): Promise<Sent> {
    mkdirSync(target, { recursive: true });
    if (!this.shipments.has(source)) await this.survey(source);
    const run = ++this.runs;
    const running = new Map<Shipment, Promise<void>>();
    let waiting = this.shipments.get(source) ?? [];
    let all = nothingSent();
    const start = async (shipment: Shipment) => {
      const { id, items, lanes } = shipment;
      const [from, to] = [storeOf(shipment.from, source), storeOf(shipment.to, target)];
      const lease = { target: 'bench', epoch: 1 };
      const order = { from, to, items, lanes, filters, paranoid: false, fsync, lease, ...this.manner };
      all = addSent(all, await this.pair.client.copy.send(order, this.context(`${run}/${id}`)));
      running.delete(shipment);
    };
    while (waiting.length > 0 || running.size > 0) {
      const starting = mayStart(waiting, [...running.keys()], tokens, tokens);
      waiting = waiting.filter((shipment) => !starting.includes(shipment));
      for (const shipment of starting) running.set(shipment, start(shipment));
      await Promise.race(running.values());
    }
    return all;
  }

  private context(step: string) {
    return { id: `${this.prefix}/${step}`, signal: AbortSignal.timeout(patienceMs), report: () => {} };
  }
}

const storeOf = (fsvm: string, root: string): Store => ({ fsvm, host: fsvm, root });
