import {
  ActivityFailure,
  CancellationScope,
  continueAsNew,
  defineSignal,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Consignment } from '../activities/copy';
import type { Sent } from '../contract/capabilities/copy';
import type { Store } from '../contract/capabilities/files';
import { addSent, nothingSent } from '../planning/ingestion/sent';
import { mayStart, type Shipment } from '../planning/ingestion/shipments';
import { reasonOf } from './kit/render';
import { slow } from './kit/proxies';

/** Stop at the next safe place and say what is left. */
export const halt = defineSignal('halt');
/** To the run that started the pass: jobs that ended, in bytes and files of the plan. */
export const shipped = defineSignal<[{ pass: number; bytes: number; files: number }]>('shipped');

/** What every consignment of a pass has alike. */
type Alike = Pick<Consignment, 'filters' | 'paranoid' | 'fsync' | 'lookAtAll' | 'lease'>;

export interface PassInput extends Alike {
  /** Prefix of every job id, the same over retries and resets. */
  work: string;
  pass: number;
  stores: Record<string, Store>;
  waiting: Shipment[];
  tokens: number;
  most: number;
  /** What earlier runs of this chain sent. */
  before?: PassResult;
}

export interface PassResult {
  sent: Sent;
  failed: { shipment: Shipment; why: string }[];
  /** What a halt left for later. */
  left: Shipment[];
}

/**
 * One pass over all shipments: as many at once as the FSVMs' tokens allow. A failed one is kept for the end and the rest
 * goes on. Its history stays bounded whatever the number of items: it continues as new.
 */
export async function sendPass(input: PassInput): Promise<PassResult> {
  const result: PassResult = input.before ?? { sent: nothingSent(), failed: [], left: [] };
  const scope = new CancellationScope({ cancellable: true, parent: CancellationScope.current() });
  const running = new Map<Shipment, Promise<void>>();
  let waiting = input.waiting;
  let halted = false;
  setHandler(halt, () => {
    halted = true;
    scope.cancel();
  });
  const send = async (shipment: Shipment) => {
    try {
      const sent = await scope.run(() => slow.sendItems(consignment(input, shipment)));
      result.sent = addSent(result.sent, sent);
      await tellParent(input.pass, shipment);
    } catch (error) {
      if (isCancellation(error) && halted) waiting = [...waiting, shipment];
      else if (error instanceof ActivityFailure && !isCancellation(error)) {
        log.warn('a shipment failed', { shipment: shipment.id, why: reasonOf(error) });
        result.failed.push({ shipment, why: reasonOf(error) });
      } else throw error;
    } finally {
      running.delete(shipment);
    }
  };
  const noMore = () => halted || workflowInfo().continueAsNewSuggested;
  try {
    while (running.size > 0 || (waiting.length > 0 && !noMore())) {
      const starting = noMore() ? [] : mayStart(waiting, [...running.keys()], input.tokens, input.most);
      waiting = waiting.filter((shipment) => !starting.includes(shipment));
      for (const shipment of starting) running.set(shipment, send(shipment));
      await Promise.race(running.values());
    }
  } finally {
    await Promise.allSettled(running.values());
  }
  if (waiting.length > 0 && !halted) await continueAsNew<typeof sendPass>({ ...input, waiting, before: result });
  return { ...result, left: waiting };
}

async function tellParent(pass: number, { bytes, files }: Shipment): Promise<void> {
  const { parent } = workflowInfo();
  if (parent) await getExternalWorkflowHandle(parent.workflowId).signal(shipped, { pass, bytes, files });
}

const consignment = (input: PassInput, { id, from, to, items, lanes }: Shipment) => ({
  from: input.stores[from]!,
  to: input.stores[to]!,
  items,
  lanes,
  filters: input.filters,
  paranoid: input.paranoid,
  fsync: input.fsync,
  lookAtAll: input.lookAtAll,
  lease: input.lease,
  job: `${input.work}/${id}`,
});
