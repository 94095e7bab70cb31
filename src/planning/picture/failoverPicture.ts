import type { FailoverReport } from '../../contract/failoverReports';
import type { OutagePicture } from './outagePicture';

type Told = Pick<FailoverReport, 'endpoint' | 'was' | 'primary' | 'phases' | 'sinceMs' | 'gapMs' | 'seen'>;

/**
 * The writes of the observers around a failover, with the phases of its run; nothing where they were not kept. What an observer
 * wrote to the new primary before clients could reach it is left out.
 */
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
  const { startMs, stepMs, members } = seen;
  const wrote = phases.find(({ what }) => what === 'verified');
  const toMs = wrote && sinceMs + wrote.afterMs;
  const isOpenTo = (member: string, step: number) =>
    member !== primary || toMs === undefined || startMs + (step + 1) * stepMs > toMs;
  const steps = Math.max(1, ...Object.values(members).map((each) => each.length));
  const acknowledged = Array.from({ length: steps }, (_, step) =>
    Object.entries(members).reduce(
      (sum, [member, counts]) => sum + (isOpenTo(member, step) ? (counts[step] ?? 0) : 0),
      0,
    ),
  );
  return {
    title: `Writes of the observers of ${endpoint} while ${primary} took the place of ${was}`,
    ...{ startMs, stepMs, acknowledged, missed: acknowledged.map(() => 0) },
    ...(gapMs !== undefined && toMs !== undefined && { gap: { fromMs: toMs - gapMs, toMs } }),
    phases: [
      { atMs: sinceMs, what: `an observer misses ${was}` },
      ...phases.map(({ what, afterMs }) => ({ atMs: sinceMs + afterMs, what: phaseWords[what] ?? what })),
    ],
  };
}

/** The phases of a failover as its run names them, in words that stand alone. */
export const phaseWords: Record<string, string | undefined> = {
  decided: 'the failover is decided',
  closed: 'its route is closed',
  fenced: 'it is fenced',
  promoted: 'the standby is promoted',
  open: 'the route is open to it',
  verified: 'writes come through every forwarder',
};
