import type { EndpointTerms } from '../../planning/failover/facts';
import { counted } from '../../contract/amounts';
import { codeOf, reasonOf, refuse } from '../kit/render';
import { swift } from '../kit/proxies';
import type { Runbook } from '../kit/runbook';

/** The route of one forwarder, as a run changes it. */
interface Forwarding {
  forwarder: string;
  host: string;
  /** The epoch that is expected in its kernel. */
  from: number;
}

export interface Written {
  forwarder: string;
  server: string;
  tookMs: number;
}

/** The routes of an endpoint on all of its forwarders, closed and opened under the lease of the run. */
export class Routes {
  /** Forwarders that did not take part, and why. */
  readonly left = new Map<string, string>();
  private readonly closed = new Map<string, Forwarding>();

  constructor(
    private readonly book: Runbook,
    private readonly terms: EndpointTerms,
    private readonly forwarders: readonly Forwarding[],
  ) {}

  /** Nothing is let through to these addresses any more. A forwarder that somebody else has changed stops the run. */
  async close(reject: string[]): Promise<void> {
    const { endpoint } = this.terms;
    const lease = this.book.leaseOf(endpoint);
    await this.each(this.forwarders, async (forwarding) => {
      await swift.closeRoute({ host: forwarding.host, endpoint, from: forwarding.from, lease, reject });
      this.closed.set(forwarding.forwarder, forwarding);
    });
    if (this.closed.size === 0)
      throw refuse('HostSilent', {
        host: this.forwarders.map(({ host }) => host).join(', '),
        why: 'no forwarder closed',
      });
  }

  async open(member: string): Promise<void> {
    const { endpoint, members } = this.terms;
    const { address, port } = members[member]!;
    const lease = this.book.leaseOf(endpoint);
    const opened = new Set<string>();
    await this.each([...this.closed.values()], async ({ forwarder, host }) => {
      await swift.openRoute({ host, endpoint, lease, to: { address, port } });
      opened.add(forwarder);
    });
    if (opened.size === 0) throw refuse('HostSilent', { host: this.names().join(', '), why: 'no forwarder opened' });
  }

  /** Clients that only wait for an answer of an address that is gone are reset; they would wait for hours. */
  async free(address: string): Promise<{ found: number; left: number }> {
    const { endpoint } = this.terms;
    const sum = { found: 0, left: 0 };
    await this.each(this.inUse(), async ({ host }) => {
      const { found, left } = await swift.freeClients({ host, endpoint, address });
      sum.found += found;
      sum.left += left;
    });
    return sum;
  }

  /** A real write through each forwarder, as a client makes it, from a host of its own. */
  async verify(from: string): Promise<Written[]> {
    const { endpoint, forwarders, port } = this.terms;
    return Promise.all(
      this.inUse().map(async ({ forwarder }) => {
        const { address } = forwarders[forwarder]!;
        const { server, tookMs } = await swift.writeThrough({
          host: from,
          target: endpoint,
          address,
          port,
          deadlineMs: 2_000,
        });
        return { forwarder, server, tookMs };
      }),
    );
  }

  /** Whether it has closed any. */
  get hasClosed(): boolean {
    return this.closed.size > 0;
  }

  names(): string[] {
    return this.inUse().map(({ forwarder }) => forwarder);
  }

  sayWho(): string {
    const names = this.forwarders.map(({ forwarder }) => forwarder);
    return names.length <= 4 ? names.join(' and ') : counted(names.length, 'forwarder');
  }

  private inUse(): Forwarding[] {
    return this.forwarders.filter(({ forwarder }) => !this.left.has(forwarder));
  }

  /** One that does not answer is left out and named; one whose route is somebody else's now is a reason to stop. */
  private async each(forwarders: readonly Forwarding[], act: (of: Forwarding) => Promise<void>): Promise<void> {
    await Promise.all(
      forwarders
        .filter(({ forwarder }) => !this.left.has(forwarder))
        .map((of) =>
          act(of).catch((error: unknown) => {
            if (codeOf(error) !== 'AgentUnreachable') throw error;
            this.left.set(of.forwarder, reasonOf(error));
          }),
        ),
    );
  }
}
