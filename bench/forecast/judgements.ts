import type { Table } from '../table';
import { compare, compareCoverage, cpu, less, more } from './metrics';

/** What a judge says of one window of one series: a side's errors, the share inside its bands, CPU seconds. */
export interface Window {
  id: string;
  peer: string;
  mase: number;
  mae: number;
  cov80: number;
  cov95: number;
  seconds: number;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The windows of the peers, which were forecast once and are kept as a csv file. */
export function parsePeers(text: string): Window[] {
  const [head = '', ...lines] = text.trim().split(/\r?\n/);
  const columns = head.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    const cell = (name: string) => cells[columns.indexOf(name)] ?? '';
    const figure = (name: string) => Number(cell(name));
    return {
      ...{ id: cell('id'), peer: cell('peer'), mase: figure('mase'), mae: figure('mae') },
      ...{ cov80: figure('cov80'), cov95: figure('cov95'), seconds: figure('seconds') },
    };
  });
}

/** Sides that ours is held against; the CPU time of "as yesterday" is that of its library. */
const against = ['AutoARIMA', 'PeerMedian', 'SeasonalNaive', 'literal scheme'];

/** Means over the windows of a series, then over the series, as the judge's own table has them. */
export function forecastRows(table: Table, ours: readonly Window[], others: readonly Window[]): void {
  const name = 'forecast/public';
  const ids = [...new Set(ours.map(({ id }) => id))];
  const own = bySeries(ours, ids);
  const naive = bySeries(
    others.filter(({ peer }) => peer === 'SeasonalNaive'),
    ids,
  );
  const ratioToNaive = (side: Window[]) => geometricMean(side.map(({ mae }, at) => mae / (naive[at]?.mae ?? NaN)));
  const over = (side: Window[], figure: 'mase' | 'seconds' | 'cov80' | 'cov95') =>
    mean(side.map((each) => each[figure]));
  const peers = against
    .map((peer) => ({
      peer,
      side: bySeries(
        others.filter((each) => each.peer === peer),
        ids,
      ),
    }))
    .filter(({ side }) => side.length === ids.length);
  for (const { peer, side } of peers) {
    compare(table, name, less('mase'), over(own, 'mase'), peer, over(side, 'mase'));
    compare(table, name, less('mae-ratio'), ratioToNaive(own), peer, ratioToNaive(side));
  }
  compareCoverage(table, name, 80, over(own, 'cov80'));
  compareCoverage(table, name, 95, over(own, 'cov95'));
  for (const { peer, side } of peers)
    if (peer !== 'SeasonalNaive') compare(table, name, cpu, over(own, 'seconds'), peer, over(side, 'seconds'));
}

function bySeries(windows: readonly Window[], ids: readonly string[]): Window[] {
  return ids.flatMap((id) => {
    const own = windows.filter((each) => each.id === id);
    const over = (figure: keyof Omit<Window, 'id' | 'peer'>) => mean(own.map((each) => each[figure]));
    const figures = { mase: over('mase'), mae: over('mae'), cov80: over('cov80'), cov95: over('cov95') };
    return own[0] ? [{ ...own[0], ...figures, seconds: over('seconds') }] : [];
  });
}

/** Over the series where both sides have an error: one without any says nothing about a ratio. */
const geometricMean = (ratios: readonly number[]): number =>
  Math.exp(mean(ratios.filter((ratio) => Number.isFinite(ratio) && ratio > 0).map(Math.log)));

/** `20 passed, 1 failed`. */
export function stressRow(table: Table, said: string): void {
  const [, passed, failed] = /(\d+) passed, (\d+) failed/.exec(said) ?? [];
  if (passed === undefined) return unmeasured(table, 'forecast/stress', 'ours failed: the judge counted nothing');
  compare(table, 'forecast/stress', more('passed'), Number(passed), 'cases', Number(passed) + Number(failed));
}

/** name, J, its median, violations in percent, unserved, cost, changes a day, series within their promise. */
const line = /^(?:> )?(\S.*?)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+(\d+)\/(\d+)$/;

/** The rows of the judge's table. The oracle knows the future: nobody is held against it. */
export function provisionRows(table: Table, said: string, own: string): void {
  const name = 'provision/public';
  const sides = said.split('\n').flatMap((text) => {
    const [, side, j, , violations, , , changes, kept, all] = line.exec(text.trimEnd()) ?? [];
    if (side === undefined) return [];
    const figures = { j: Number(j), violations: Number(violations) / 100, changes: Number(changes) };
    return [{ side, ...figures, kept: Number(kept) / Number(all) }];
  });
  const ours = sides.find(({ side }) => side === own);
  if (!ours) return unmeasured(table, name, 'ours failed: the judge has no line of it');
  const peers = sides.filter((each) => each !== ours && each.side !== 'oracle');
  for (const metric of ['j', 'violations', 'changes'] as const)
    for (const peer of peers) compare(table, name, less(metric), ours[metric], peer.side, peer[metric]);
  for (const peer of peers) compare(table, name, more('slo-met'), ours.kept, peer.side, peer.kept);
}

export const unmeasured = (table: Table, name: string, why: string): void =>
  table.addUnmeasured(name, less('all'), 'all', why);
