import type { FailoverReport } from '../../contract/failoverReports';
import type { OutagePicture } from './outagePicture';

type Told = Pick<FailoverReport, 'endpoint' | 'was' | 'primary' | 'phases' | 'sinceMs' | 'gapMs' | 'seen'>;

/** The writes of the observers around a failover, with the phases of its run; nothing where they were not kept. */
export function failoverPicture({
  endpoint,
  was,
  primary,
  phases,
  sinceMs,
  gapMs,
  seen,
}: Told): OutagePicture | undefined {
  if (!seen || sinceMs === undefined) return undefined;
  const counts = Object.values(seen.members);
  const steps = Math.max(1, ...counts.map((each) => each.length));
  const acknowledged = Array.from({ length: steps }, (_, step) =>
    counts.reduce((sum, each) => sum + (each[step] ?? 0), 0),
  );
  const wrote = phases.find(({ what }) => what === 'verified');
  const toMs = wrote && sinceMs + wrote.afterMs;
  return {
    title: `Writes of the observers of ${endpoint} while ${primary} took the place of ${was}`,
    ...{ startMs: seen.startMs, stepMs: seen.stepMs, acknowledged, missed: acknowledged.map(() => 0) },
    ...(gapMs !== undefined && toMs !== undefined && { gap: { fromMs: toMs - gapMs, toMs } }),
    phases: [
      { atMs: sinceMs, what: `an observer misses ${was}` },
      ...phases.map(({ what, afterMs }) => ({ atMs: sinceMs + afterMs, what: phaseWords[what] ?? what })),
    ],
  };
}

/** The phases of a failover as its run names them, in words that stand alone. */
const phaseWords: Record<string, string | undefined> = {
  decided: 'a majority misses it, and the plan is made',
  closed: 'its route is closed',
  fenced: 'it is fenced',
  promoted: 'the standby is promoted',
  open: 'the route is open to it',
  verified: 'a write came through every forwarder',
};
