import type { EndpointEntry, ProxiesEntry } from '../../contract/endpoints';
import { Refusal } from '../../contract/errors';
import type { CapabilityOf, Host } from '../host';
import type { Ground } from './ground';
import type { RouteTable } from './routeTable';

type Traffic = CapabilityOf<'traffic'>;

/** Operations about one endpoint, or one pair of proxies, in which this host has a part. */
type Part<K extends keyof Traffic> = Pick<Traffic, K> & {
  /** What takes long and changes nothing for anybody: done before it is first asked. */
  prepare?(): Promise<void>;
  stop?(): Promise<void>;
};
type PartOf<Entry, K extends keyof Traffic> = (host: Host, entry: Entry, name: string) => Part<K>;

/** The drivers of this capability, each loaded when the first endpoint or pair needs it. What is left out is refused. */
export interface TrafficTables {
  routes: Record<EndpointEntry['by'], () => Promise<(ground: Ground) => RouteTable>>;
  pooler?: () => Promise<PartOf<EndpointEntry, 'pause' | 'resume'>>;
  dns?: () => Promise<PartOf<EndpointEntry, 'resolve' | 'announce'>>;
  address?: () => Promise<PartOf<ProxiesEntry, 'holders' | 'take' | 'release'>>;
  proxyProcess?: () => Promise<PartOf<ProxiesEntry, 'startProxy'>>;
}

/** One part of each endpoint or pair: made when it is first needed, and kept. */
export class Kept<Entry, K extends keyof Traffic> {
  private readonly made = new Map<string, Promise<Part<K>>>();

  constructor(
    private readonly host: Host,
    /** In sentences. */
    private readonly what: string,
    private readonly load: (() => Promise<PartOf<Entry, K>>) | undefined,
    private readonly entryOf: (name: string) => Entry,
  ) {}

  of(name: string): Promise<Part<K>> {
    let part = this.made.get(name);
    if (!part) {
      this.made.set(name, (part = this.make(name)));
      part.catch(() => this.made.delete(name)); // whoever asked gets the error; the next one tries again
    }
    return part;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.made.values()].map(async (part) => (await part).stop?.()));
  }

  private async make(name: string): Promise<Part<K>> {
    const entry = this.entryOf(name);
    if (!this.load) throw new Refusal('NoPart', { host: this.host.name, part: this.what, name });
    const part = (await this.load())(this.host, entry, name);
    await part.prepare?.();
    return part;
  }
}
