import type { Astray } from '../../planning/failover/astray';
import type { EndpointTerms } from '../../planning/failover/facts';
import { attendance, runBeside } from '../kit/besides';
import type { Runbook } from '../kit/runbook';
import { replaceForwarder } from '../replaceForwarder';

/** A forwarder that could not be sent to the primary is tried again after this, ms. */
export const astrayMs = 600_000;
/** So long it is waited for: another run may have the endpoint, and nobody watches meanwhile, ms. */
const withinMs = 10_000;

/** Sends forwarders to the primary that serve nobody, or somebody else: new ones, and those that missed a failover. */
export class Repairs {
  /** When each was tried last, ms since the epoch of Unix. */
  private readonly tried = new Map<string, number>();

  constructor(
    private readonly book: Runbook,
    private readonly endpoint: string,
  ) {}

  /** Nothing in maintenance, and where it only observes: the plan has named them then. */
  async see(astray: readonly Astray[], { maintenance, autonomy }: EndpointTerms): Promise<void> {
    if (maintenance !== false || autonomy === 'observe') return;
    for (const { forwarder } of astray) {
      if (Date.now() - (this.tried.get(forwarder) ?? 0) < astrayMs) continue;
      this.tried.set(forwarder, Date.now());
      if (await this.open(forwarder)) this.tried.delete(forwarder);
    }
  }

  /** A run that nobody attends: what fails in it is left, and tried again. It must not keep the endpoint from a failover. */
  private async open(forwarder: string): Promise<boolean> {
    const { book, endpoint } = this;
    const title = `Let ${forwarder} forward ${endpoint}`;
    const input = { ...attendance, onFailure: 'leave' as const, onlyAstray: true, endpoint, gone: '', by: forwarder };
    const done = await book.attempt(title, () =>
      runBeside({ runbook: 'replace-forwarder', target: endpoint, title, withinMs }, replaceForwarder, input),
    );
    return done !== undefined;
  }
}
