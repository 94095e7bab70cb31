import type { RoleInput, Lost } from '../../contract/capabilities/role';
import { Refusal } from '../../contract/errors';
import type { JobContext } from '../../contract/operations';
import { isStandby } from './dataFiles';
import { askFacts } from './facts';
import { fence } from './fence';
import { follow } from './follow';
import { unfinished } from './keep';
import type { Line } from './line';
import { divergence } from './lost';
import { dataOf, peerOf, type Place } from './place';
import { postmasterOf } from './processes';
import { keptAside, rewind } from './rewind';

export interface Rejoined {
  rewound: boolean;
  lost?: Lost;
  keptAt?: string;
  tookMs: number;
}

const fenceMs = 10_000;
const followMs = 120_000;

/**
 * Makes a former primary a standby of the new one. It is brought down if it runs; what it has and the new primary lacks is
 * counted and kept aside; then it is rewound and follows. Begun again after a failure, it goes on with what was kept first.
 */
export async function rejoin(
  place: Place,
  line: Line,
  { endpoint, lease, primary }: RoleInput<'rejoin'>,
  job: JobContext,
): Promise<Rejoined> {
  const beganAt = performance.now();
  const to = { endpoint, lease, primary, deadlineMs: followMs };
  if (await streamsFrom(place, line, primary)) return { rewound: false, tookMs: performance.now() - beganAt };
  line.close();
  note(job, 'bringing the old server down');
  await fence(place, lease, fenceMs);
  job.signal.throwIfAborted();
  note(job, `reading its WAL past the point where ${primary} left it`);
  const begun = unfinished(place);
  const parted = begun ? undefined : await divergence(place, primary, job.signal);
  const kept = begun ?? (parted?.diverged ? await keptAside(place, primary, parted, job) : undefined);
  if (kept) await rewind(place, primary, kept, begun !== undefined, job);
  job.signal.throwIfAborted();
  note(job, `following ${primary}`);
  await follow(place, line, to);
  const lost = kept?.lost ?? parted?.lost;
  place.host.log('rejoined', {
    endpoint,
    primary,
    epoch: lease.epoch,
    rewound: kept !== undefined,
    lost: lost?.commits ?? 0,
  });
  return {
    rewound: kept !== undefined,
    ...(lost && { lost }),
    ...(kept && { keptAt: kept.folder }),
    tookMs: performance.now() - beganAt,
  };
}

/** It is what it is to become already: then nothing is done to it. */
async function streamsFrom(place: Place, line: Line, primary: string): Promise<boolean> {
  const data = dataOf(place);
  if (postmasterOf(data) === undefined || !isStandby(data)) return false;
  const { address, port } = peerOf(place, primary);
  try {
    const { receiver } = await askFacts(line, 2_000);
    return receiver?.status === 'streaming' && receiver.host === address && receiver.port === port;
  } catch (error) {
    if (error instanceof Refusal && error.code === 'DatabaseSilent') return false; // hung: it is brought down
    throw error;
  }
}

const note = (job: JobContext, what: string): void =>
  job.report({ done: 0, total: 0, unit: 'bytes', rate: 0, note: what, doneFiles: 0 });
