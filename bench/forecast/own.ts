import { forecast, type Forecast, type Question } from '../../src/planning/forecast/forecast';
import { policyDefaults } from '../../src/planning/provisioning/policy';
import { simulate, type Replay } from '../../src/planning/provisioning/simulate';
import { wants, type BenchOptions } from '../options';
import { seeded } from '../random';
import type { Table } from '../table';
import { compare, compareCoverage, cpu, less } from './metrics';
import { ownSeries, type OwnSeries } from './shapes';

interface Bench {
  options: BenchOptions;
  table: Table;
  say: (line: string) => void;
}

const origins = 5;
const halfHourMs = 1_800_000;
const fiveMinutesMs = 300_000;
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Small data of ours, judged as foreign data are: rolling origins, each looking a day ahead. */
export function own({ options, table, say }: Bench): void {
  say(
    `seed ${options.seed}; no --data: the loads are made, not measured. Whoever makes a load knows how to forecast it.`,
  );
  if (wants(options, 'forecast/own')) forecasts({ options, table, say });
  if (wants(options, 'provision/own')) provisionings({ options, table, say });
}

/** What one way to forecast came to, on one series. */
interface Score {
  mase: number;
  mae: number;
  inside80: number;
  inside95: number;
  seconds: number;
}

function forecasts({ options, table, say }: Bench): void {
  const all = ownSeries(seeded(options.seed), halfHourMs, options.quick);
  const scores = all.map((series) => ({
    ours: judge(series, (question) => forecast(question)),
    literal: judge(series, (question) => forecast({ ...question, scheme: 'literal' })),
    naive: judgeNaive(series),
  }));
  for (const [at, { ours, literal, naive }] of scores.entries())
    say(
      `  ${all[at]!.name}: MASE ${ours.mase.toFixed(3)}, literal scheme ${literal.mase.toFixed(3)}, seasonal naive ${naive.mase.toFixed(3)}`,
    );
  const name = 'forecast/own';
  const over = (side: 'ours' | 'literal', figure: keyof Score) => mean(scores.map((each) => each[side][figure]));
  const naiveRatio = (side: 'ours' | 'literal') =>
    Math.exp(mean(scores.map((each) => Math.log(each[side].mae / each.naive.mae))));
  compare(
    table,
    name,
    less('mase'),
    over('ours', 'mase'),
    'SeasonalNaive',
    mean(scores.map(({ naive }) => naive.mase)),
  );
  compare(table, name, less('mase'), over('ours', 'mase'), 'literal scheme', over('literal', 'mase'));
  compare(table, name, less('mae-ratio'), naiveRatio('ours'), 'SeasonalNaive', 1);
  compare(table, name, less('mae-ratio'), naiveRatio('ours'), 'literal scheme', naiveRatio('literal'));
  compareCoverage(table, name, 80, over('ours', 'inside80'));
  compareCoverage(table, name, 95, over('ours', 'inside95'));
  compare(table, name, cpu, over('ours', 'seconds'), 'literal scheme', over('literal', 'seconds'));
}

/** Origins that fall on different hours; the last window ends with the series. */
const cuts = ({ values, day }: OwnSeries): number[] =>
  Array.from({ length: origins }, (_, back) => values.length - day - back * (2 * day + 5));

function judge(series: OwnSeries, make: (question: Question) => Forecast | undefined): Score {
  const { values, day, startMs, stepMs } = series;
  const scores = cuts(series).map((at) => {
    const began = process.cpuUsage();
    const past = { startMs, stepMs, values: values.slice(0, at) };
    const { mean: path, bands } = make({ series: past, horizon: day, levels: [80, 95] })!;
    const { user, system } = process.cpuUsage(began);
    const inside = (level: number) => {
      const { lower, upper } = bands.find((band) => band.level === level)!;
      return mean(path.map((_, i) => Number(values[at + i]! >= lower[i]! && values[at + i]! <= upper[i]!)));
    };
    return {
      ...errorsOf(series, at, path),
      ...{ inside80: inside(80), inside95: inside(95), seconds: (user + system) / 1e6 },
    };
  });
  const over = (figure: keyof Score) => mean(scores.map((score) => score[figure]));
  return {
    mase: over('mase'),
    mae: over('mae'),
    inside80: over('inside80'),
    inside95: over('inside95'),
    seconds: over('seconds'),
  };
}

function judgeNaive(series: OwnSeries): Pick<Score, 'mase' | 'mae'> {
  const { values, day } = series;
  const scores = cuts(series).map((at) => errorsOf(series, at, values.slice(at - day, at)));
  return { mase: mean(scores.map(({ mase }) => mase)), mae: mean(scores.map(({ mae }) => mae)) };
}

/** The mean absolute error, and as a multiple of what "as yesterday" was off by in all of the past. */
function errorsOf({ values, day }: OwnSeries, at: number, path: readonly number[]): { mae: number; mase: number } {
  const mae = mean(path.map((value, i) => Math.abs(value - values[at + i]!)));
  const past = Array.from({ length: at - day }, (_, i) => Math.abs(values[i + day]! - values[i]!));
  return { mae, mase: mae / mean(past) };
}

/** A unit is a twentieth of the peak of the week before, and is there ten minutes after it was decided on. */
function provisionings({ options, table, say }: Bench): void {
  const replayed = ownSeries(seeded(options.seed), fiveMinutesMs, true)
    .slice(0, options.quick ? 1 : undefined)
    .map((series) => {
      const days = options.quick ? 1 : 3;
      const from = series.values.length - days * series.day;
      const unit = Math.max(...series.values.slice(from - 7 * series.day, from)) / 20;
      const policy = { ...policyDefaults, unit, min: 1, max: 400, leadSteps: 2 };
      const { replays } = simulate({ series, policy, days, every: 12 });
      say(
        `  ${series.name}, ${days} days: ${replays.map((each) => `${each.rule} J ${costOf(each).toFixed(3)}`).join(', ')}`,
      );
      return replays;
    });
  const [ours, ...peers] = replayed[0]!.map(({ rule }) => rule);
  const over = (rule: string, figure: (replay: Replay) => number) =>
    mean(replayed.map((replays) => figure(replays.find((each) => each.rule === rule)!)));
  const figures: [string, (replay: Replay) => number][] = [
    ['j', costOf],
    ['violations', ({ violations }) => violations],
    ['changes', ({ changesADay }) => changesADay],
  ];
  for (const [metric, figure] of figures)
    for (const peer of peers)
      compare(table, 'provision/own', less(metric), over(ours!, figure), peer, over(peer, figure));
}

/** Load that is not served costs twenty times what stands idle. */
const costOf = ({ idle, unserved }: Replay): number => idle + 20 * unserved;
