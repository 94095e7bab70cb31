import { counted } from '../../contract/amounts';
import type { Failed } from '../../activities/copy';
import type { Output } from '../../contract/runbooks';
import type { IngestionPlan } from '../../planning/ingestion/plan';
import { addSent, nothingSent, type SentCounts } from '../../planning/ingestion/sent';

/** For whoever did not watch. */
export const ingested = (from: string, to: string, { items, files, failedFiles }: Output<'ingestVfs'>): string =>
  `${counted(items, 'storage item')} with ${counted(files, 'file')} of ${from} are served by ${to}${failedFiles > 0 ? `; ${counted(failedFiles, 'file')} could not be sent` : ''}`;

interface Outcome {
  plan: IngestionPlan;
  passes: readonly SentCounts[];
  failures: readonly Failed[];
  verified: number;
  bytes: number;
  readOnlyMs: number;
  epoch: number;
}

/** What an ingestion leaves behind. Lists are cut: a result holds 2 MiB at the most. */
export function reportOf({ plan, passes, failures, verified, bytes, readOnlyMs, epoch }: Outcome): Output<'ingestVfs'> {
  const sent = passes.reduce(addSent, nothingSent());
  const most = (count: keyof SentCounts) => Math.max(0, ...passes.map((pass) => pass[count]));
  return {
    items: plan.placement.length,
    files: plan.files,
    bytes,
    passes: passes.length,
    verifiedItems: verified,
    failedFiles: failures.length,
    special: most('special'),
    ownersNotSet: Math.max(plan.ownersNotKept, sent.ownersNotSet),
    linksAcrossItems: most('linksAcrossItems'),
    epoch,
    readOnlyMs,
    failures: failures.slice(0, 200),
    cannotKeep: plan.cannotKeep.slice(0, 100),
    placement: plan.placement.slice(0, 200).map(({ item, to }) => ({ item, to })),
  };
}
