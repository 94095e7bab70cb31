import type { Metric, Table } from '../table';

/** Errors and costs are better the smaller they are. */
export const less = (metric: string): Metric => ({ metric, better: 'less', unit: 'figure' });
export const more = (metric: string): Metric => ({ metric, better: 'more', unit: 'figure' });
export const cpu: Metric = { metric: 'cpu', better: 'less', unit: 'seconds' };

/** One figure of each side. */
export const compare = (table: Table, name: string, metric: Metric, ours: number, peerName: string, peer: number) =>
  table.add(name, metric, [ours], peerName, [peer]);

/**
 * How much of what came lay inside a band, beside what the band promises. Too wide is as wrong as too narrow: the side that
 * is smaller is divided by the larger one, so 1 is right and the ratio is never above it.
 */
export function compareCoverage(table: Table, name: string, level: number, inside: number): void {
  const better = inside * 100 > level ? 'less' : 'more';
  compare(table, name, { metric: `cover${level}`, better, unit: 'figure' }, inside, 'nominal', level / 100);
}
