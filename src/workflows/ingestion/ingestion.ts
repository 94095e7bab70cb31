import {
  type ApplicationFailure,
  ChildWorkflowCancellationType,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { Failed } from '../../activities/copy';
import type { FileServerFacts } from '../../activities/fleet';
import type { Store } from '../../contract/capabilities/files';
import type { Input, Output } from '../../contract/runbooks';
import { counted, formatBytes } from '../../contract/amounts';
import type { IngestionPlan } from '../../planning/ingestion/plan';
import { deletedTooMuch, newcomers } from '../../planning/ingestion/passes';
import { addSent, nothingSent, type SentCounts } from '../../planning/ingestion/sent';
import { packShipments, type Cargo, type Shipment } from '../../planning/ingestion/shipments';
import type { Rails } from '../../planning/rails';
import { quick } from '../kit/proxies';
import { refuse } from '../kit/render';
import { currentStep, type Runbook } from '../kit/runbook';
import { together, untilEnded } from '../kit/together';
import { Comparison } from './comparison';
import { discard } from './discard';
import { pairsOf } from './pairs';
import { reportOf } from './report';
import type { SendRate } from './sendRate';
import { halt, sendPass, shipped, type PassResult } from '../sendPass';

/** The acts of one ingestion, in the order in which its runbook calls them. */
export class Ingestion {
  /** What each pass sent: the first is the base, the others are deltas. */
  readonly passes: SentCounts[] = [];
  private readonly work: string;
  /** Prefix of jobs that look anew after a reset. */
  private readonly looks: string;
  private readonly sources: Store[];
  private readonly targets: Store[];
  private readonly cargo: Cargo[];
  private readonly comparison: Comparison;
  private attempts = 0;
  /** Files that could not be sent: listed, left out of the comparison, and counted. */
  private failures: Failed[] = [];
  private frozenAt = 0;
  private readOnlyMs = 0;
  /** Bytes of finished jobs of the base pass, and when it began. */
  private baseDone = 0;
  private baseBegan = 0;

  constructor(
    private readonly book: Runbook,
    private readonly input: Input<'ingestVfs'>,
    private readonly plan: IngestionPlan,
    private readonly rails: Rails,
    private readonly rate: SendRate,
  ) {
    // Over retries and resets the same work keeps its ids, so that jobs are found again; another run has others.
    this.work = `${workflowInfo().workflowId}/${workflowInfo().firstExecutionRunId.slice(-12)}`;
    this.looks = `${workflowInfo().workflowId}/${workflowInfo().runId.slice(-12)}`;
    const stores = (fsvms: Iterable<string>) => [...new Set(fsvms)].map((fsvm) => plan.stores[fsvm]!);
    this.sources = stores(plan.placement.map((p) => p.from));
    this.targets = stores(plan.placement.map((p) => p.to));
    this.cargo = plan.placement;
    this.comparison = new Comparison(input, plan, () => ++this.attempts);
    setHandler(shipped, ({ pass, bytes }) => {
      if (pass === 1) this.tell(this.baseDone + bytes);
    });
  }

  /** One pass over everything: the first sends all, later ones what changed. Undone, the new FSVMs are as they were. */
  async pass(kind: 'delta' | 'final' = 'delta'): Promise<SentCounts> {
    const number = this.passes.length + 1;
    const what =
      kind === 'final'
        ? 'Send what changed until the source became read-only'
        : number === 1
          ? `Send ${formatBytes(this.plan.bytes)} to the new FSVMs`
          : `Send what changed meanwhile (pass ${number})`;
    return this.sendStep(what, kind, number === 1 ? () => this.discard() : undefined);
  }

  /** Before the cutover, so that the source is read-only only for seconds: content is read on both sides. */
  async readBack(): Promise<void> {
    if (this.input.verify !== 'content') return;
    await this.book.step('Read back what was stored', async () => {
      await this.collectFailures();
      await this.comparison.readBack(this.failures);
    });
  }

  async freeze({ freeze: by }: FileServerFacts): Promise<void> {
    const lease = this.book.leaseOf(this.plan.from);
    const all = (act: typeof quick.freezeStore) => () =>
      together(this.sources.map((store) => act({ store, by, lease })));
    const what =
      by.how === 'watch' ? `Watch ${this.plan.from} for changes from here on` : `Make ${this.plan.from} read-only`;
    await this.book.step(what, all(quick.freezeStore), all(quick.thawStore));
    this.frozenAt = Date.now();
  }

  /** Between the count and the cutover lie days: what came meanwhile is not left behind unseen. */
  async checkSource({ fsvms }: FileServerFacts): Promise<void> {
    const { from, placement } = this.plan;
    await this.book.step(`Look for storage items that came to ${from} meanwhile`, async () => {
      const lists = await Promise.all(
        fsvms.map(async ({ items, ...store }) => items ?? (await quick.lookAtStore({ store })).facts.items),
      );
      const came = newcomers(lists.flat(), new Set(placement.map(({ item }) => item)), this.input);
      if (came.length > 0)
        throw refuse('Newcomers', { count: came.length, name: from, first: came.slice(0, 5).join(', ') });
    });
  }

  /** The last word before the table is opened: another look at every entry finds nothing to send. */
  async proveQuiet(): Promise<void> {
    const { from } = this.plan;
    const look = async () => {
      const { sent, failed } = await this.send(this.plan.shipments, true);
      if (failed.length > 0) throw this.itemsFailed(failed);
      const { files, deleted, symlinks, hardLinks, directories } = sent;
      const changes = files + deleted + symlinks + hardLinks + directories;
      if (changes === 0) return;
      await this.compare();
      throw refuse('SourceNotQuiet', { changes, name: from });
    };
    await this.book.step(`Prove that ${from} is quiet`, look, undefined, { must: true });
  }

  /** Compares both sides as they are on disk now. What differs is sent again when the step is retried. */
  async verify(): Promise<void> {
    const look = async () => {
      const { off } = this.comparison;
      if (off.length > 0) await this.sendAgain(off);
      await this.compare();
    };
    await this.book.step(`Verify every storage item on ${this.plan.to}`, look, undefined, { must: true });
  }

  private async compare(): Promise<void> {
    await this.collectFailures();
    await this.comparison.compare(this.failures);
  }

  /** From here the new file server answers for the items, under its epoch. */
  async open(served: Record<string, string>, { fsvms }: FileServerFacts): Promise<void> {
    const lease = this.book.leaseOf(this.plan.to);
    const items = { ...served, ...Object.fromEntries(this.plan.placement.map(({ item, to }) => [item, to])) };
    const roots = Object.fromEntries(fsvms.map(({ fsvm, root }) => [fsvm, root]));
    const table = { fileServer: this.plan.to, epoch: lease.epoch, state: 'serving' as const, items, roots };
    const hosts = [...new Set(fsvms.map(({ host }) => host))];
    await this.book.step(`Open ${this.plan.to} under epoch ${lease.epoch}`, () =>
      Promise.all(hosts.map((host) => quick.writeTable({ host, table, lease }))),
    );
    this.readOnlyMs = Date.now() - this.frozenAt;
  }

  report(): Output<'ingestVfs'> {
    const { plan, passes, failures, readOnlyMs } = this;
    const { verified, storedBytes: bytes } = this.comparison;
    return reportOf({ plan, passes, failures, verified, bytes, readOnlyMs, epoch: this.book.leaseOf(plan.to).epoch });
  }

  /** What is in flight is added by those who watch. */
  private tell(done: number): void {
    this.baseBegan ||= Date.now();
    this.baseDone = done;
    const seconds = (Date.now() - this.baseBegan) / 1000;
    this.book.told({ done, total: this.plan.bytes, unit: 'bytes', rate: seconds > 0 ? done / seconds : 0 });
  }

  /** A retried step sends only what failed or was left; what was sent stays sent. */
  private async sendStep(what: string, kind: 'delta' | 'final', undo?: () => Promise<unknown>): Promise<SentCounts> {
    let left = this.plan.shipments;
    let sum = nothingSent();
    const act = async () => {
      if (this.passes.length === 0) this.tell(this.baseDone);
      const { sent, failed } = await this.send(left, kind === 'final');
      sum = { ...addSent(sum, sent), failed: sent.failed };
      left = failed.length > 0 ? failed.map(({ shipment }) => shipment) : this.plan.shipments;
      if (failed.length > 0) throw this.itemsFailed(failed);
      if (sent.failed > this.rails.maxErrors)
        throw refuse('TooMany', {
          what: 'files that could not be sent',
          count: sent.failed,
          limit: this.rails.maxErrors,
          advice: 'look at them with `evenkeel failures`; mend the cause and retry, or skip with a reason',
        });
      if (this.passes.length > 0 && deletedTooMuch(sent, this.plan.files))
        throw refuse('ManyDeleted', { deleted: sent.deleted, total: this.plan.files, name: this.plan.from });
    };
    await this.book.step(what, act, undo);
    this.passes.push(sum);
    return sum;
  }

  private itemsFailed(failed: PassResult['failed']): ApplicationFailure {
    return refuse('ItemsFailed', {
      failed: failed.flatMap(({ shipment }) => shipment.items).length,
      total: this.cargo.length,
      first: failed[0]!.why,
    });
  }

  /** Runs the shipments as a child of its own, whose history stays bounded; a pause halts it at the next safe place. */
  private async send(shipments: Shipment[], lookAtAll = false): Promise<PassResult> {
    let left = shipments;
    let sent = nothingSent();
    const failed: PassResult['failed'] = [];
    while (left.length > 0) {
      await this.book.pauses.over();
      const done = await this.sendUntilPaused(left, lookAtAll);
      sent = addSent(sent, done.sent);
      failed.push(...done.failed);
      left = done.left;
    }
    return { sent, failed, left };
  }

  private async sendUntilPaused(waiting: Shipment[], lookAtAll: boolean): Promise<PassResult> {
    const work = `${this.work}/send-${++this.attempts}`;
    const { tokens, include, exclude, paranoid, fsync } = this.input;
    const child = await startChild(sendPass, {
      workflowId: work,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      staticSummary: `${currentStep.getStore() ?? 'Send'} (${counted(waiting.length, 'job')})`.slice(0, 190),
      args: [
        {
          work,
          pass: this.passes.length + 1,
          stores: this.plan.stores,
          waiting,
          tokens,
          most: this.rails.maxConcurrency,
          filters: { include, exclude },
          paranoid,
          fsync,
          lookAtAll,
          lease: this.book.leaseOf(this.plan.to),
        },
      ],
    });
    const result = child.result();
    const halted = this.book.pauses.begun().then(() => child.signal(halt));
    await untilEnded([result], Promise.race([result, halted])); // a stop ends the wait for a pause at once, and the child later
    return result;
  }

  private async sendAgain(items: string[]): Promise<void> {
    const lease = this.book.leaseOf(this.plan.to);
    const cargo = this.cargo.filter(({ item }) => items.includes(item));
    await Promise.all(
      pairsOf(this.plan, cargo).map(([from, to, names]) => quick.forgetItems({ from, to, items: names, lease })),
    );
    await this.send(packShipments(cargo, this.input.tokens));
  }

  private discard(): Promise<void> {
    const { plan, work } = this;
    const round = `${this.looks}/discard-${++this.attempts}`;
    return discard({ plan, lease: this.book.leaseOf(plan.to), work, round });
  }

  private async collectFailures(): Promise<void> {
    const lists = await Promise.all(
      pairsOf(this.plan, this.cargo).map(([from, to]) => quick.listFailures({ from, to })),
    );
    this.failures = lists.flat();
  }
}
