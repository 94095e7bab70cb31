import { patched } from '@temporalio/workflow';
import { counted } from '../../contract/amounts';
import type { Lease } from '../../contract/operations';
import { grouped } from '../../planning/grouped';
import type { IngestionPlan } from '../../planning/ingestion/plan';
import { quick, slow } from '../kit/proxies';
import { refuse } from '../kit/render';
import { together } from '../kit/together';
import { pairsOf } from './pairs';

export interface Discard {
  plan: IngestionPlan;
  lease: Lease;
  /** Prefix of the jobs that may still send. */
  work: string;
  /** Prefix of the jobs that remove: another one each time, since a retried undo must look anew. */
  round: string;
}

/**
 * Leaves the new FSVMs as they were. What something else has taken the place of is nobody's to remove, and a source that
 * does not answer may store more when it is back: the rest is removed all the same, and a person decides.
 */
export async function discard({ plan, lease, work, round }: Discard): Promise<void> {
  const cargo = plan.placement;
  const stopping = patched('an-undo-stops-its-senders') ? stopSenders(plan, work, lease) : Promise.resolve();
  await Promise.allSettled([stopping]);
  const found = await together(
    [...grouped(cargo, ({ to }) => to)].map(([to, held]) =>
      slow.discardItems({
        store: plan.stores[to]!,
        items: held.map(({ item }) => item),
        lease,
        job: `${round}/${to}`,
      }),
    ),
  );
  await stopping;
  await together(pairsOf(plan, cargo).map(([from, to, items]) => quick.forgetItems({ from, to, items, lease })));
  const left = found.flatMap((each) => each.left);
  if (left.length > 0 && patched('what-an-undo-leaves-is-said'))
    throw refuse('LeftBehind', {
      what: counted(left.length, 'storage item'),
      to: plan.to,
      first: left.slice(0, 5).join(', '),
    });
}

/** Also those beside which no activity stands any more: its worker has died, or the host did not answer when it was to stop. */
async function stopSenders({ placement, stores }: IngestionPlan, work: string, lease: Lease): Promise<void> {
  const hosts = [...new Set(placement.map(({ from }) => stores[from]!.host))];
  await together(hosts.map((host) => quick.stopJobs({ host, under: `${work}/send-`, lease })));
}
