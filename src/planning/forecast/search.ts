import { runFilter, type Filtered, type FilterSettings } from './filter';
import { meanError } from './origins';
import { meanPath } from './statistics';
import type { Workload } from './workload';

/** A filter and how it did in the backtest. */
export interface Tried extends Filtered {
  settings: FilterSettings;
  error: number;
}

/** The anchor of a filter, in its unit: logarithms where it reads logarithms. */
export type AnchorOf = (logarithmic: boolean) => Float64Array;

/**
 * Looks for the filters whose paths at the rolling origins come nearest to what came, best first. A staged search: the form
 * first, then how fast level and deviation move, then everything else for the best three, then the form again.
 */
export function searchFilters(work: Workload, anchorOf?: AnchorOf): Tried[] {
  const { load, calendar, origins } = work;
  const { period } = calendar;
  const tried = new Map<string, Tried | undefined>();
  const attempt = (settings: FilterSettings): void => {
    const key = Object.values(settings).join();
    if (tried.has(key)) return;
    const filtered = runFilter(work, settings, anchorOf?.(settings.logarithmic));
    tried.set(key, filtered && { ...filtered, settings, error: meanError(load.values, origins, filtered.paths) });
  };
  const best = (count: number): Tried[] =>
    [...tried.values()]
      .filter((each) => each !== undefined)
      .toSorted((a, b) => a.error - b.error)
      .slice(0, count);
  const vary = (count: number, variants: readonly Partial<FilterSettings>[]): void => {
    for (const { settings } of best(count)) for (const variant of variants) attempt({ ...settings, ...variant });
  };
  const seasonal = anchorOf !== undefined;
  const forms = formsOf(work, seasonal);
  const shiftRun = Math.max(6, Math.round(period / 8));
  const first = firstSettings(period, shiftRun);
  for (const gain of seasonal ? [0.1, 0.3] : [0])
    for (const form of forms) attempt({ ...first, ...form, profileGain: gain });
  vary(2, paces(period));
  vary(3, [
    ...[0, shiftRun, Math.max(6, Math.round(period / 3))].map((each) => ({ shiftRun: each })),
    ...[1.2, 4].map((clip) => ({ clip })),
    ...(seasonal ? [0, 2, 4].map((profileSpread) => ({ profileSpread })) : []),
    ...(seasonal ? [0.05, 0.2, 0.5].map((profileGain) => ({ profileGain })) : []),
    ...(seasonal ? [1, 28].map((days) => ({ anchorHalfLife: days * period })) : []),
  ]);
  vary(2, forms);
  return best(Infinity);
}

const firstSettings = (period: number, shiftRun: number): FilterSettings => ({
  profile: 'none',
  profileGain: 0,
  profileSpread: 1,
  logarithmic: false,
  levelGain: 0.01,
  deviationGain: 0.5,
  deviationHalfLife: period / 8,
  anchorHalfLife: 7 * period,
  clip: 2,
  shiftRun,
});

function formsOf({ calendar }: Workload, seasonal: boolean): Pick<FilterSettings, 'profile' | 'logarithmic'>[] {
  const shapes = calendar.days ? (['daily', 'weekend', 'weekly'] as const) : (['daily', 'weekly'] as const);
  const profiles = seasonal ? shapes : (['none'] as const);
  return profiles.flatMap((profile) => [false, true].map((logarithmic) => ({ profile, logarithmic })));
}

/** How fast the level moves, and how a deviation comes and goes: not at all, or within an hour to half a day. */
function paces(period: number): Partial<FilterSettings>[] {
  const deviations = [
    { deviationGain: 0, deviationHalfLife: 1 },
    { deviationGain: 0.3, deviationHalfLife: period / 8 },
    ...[24, 6, 2].map((part) => ({ deviationGain: 0.8, deviationHalfLife: period / part })),
  ];
  return [0.001, 0.003, 0.01, 0.03].flatMap((levelGain) => deviations.map((each) => ({ levelGain, ...each })));
}

/** The mean of what several filters say: steadier than the best one, whose lead is partly luck. */
export function together(filters: readonly Filtered[]): { paths: Float64Array[]; now: Float64Array } {
  return {
    paths: filters[0]!.paths.map((_, origin) => meanPath(filters.map(({ paths }) => paths[origin]!))),
    now: meanPath(filters.map(({ now }) => now)),
  };
}
