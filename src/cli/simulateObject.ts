import { counted, formatDuration } from '../contract/amounts';
import { Refusal } from '../contract/errors';
import type { Series } from '../planning/forecast/series';
import type { Decision, ProvisioningPolicy } from '../planning/provisioning/policy';
import { percent, rulesOf, verdictOf } from '../planning/provisioning/rehearsal';
import { simulate, type Replay } from '../planning/provisioning/simulate';
import { policyOf, termsOf } from '../planning/provisioning/terms';
import { readHistory, withObject, type ObjectAt } from './objectAt';
import { paintFor, printJson, printLine, table, wrapped, type Paint } from './print';

export interface SimulateFlags {
  fleet?: string;
  days: number;
  json?: boolean;
}

const dayMs = 86_400_000;
/** Read before the days that are replayed, for the forecasts to learn from. */
const learnedDays = 14;
/** Without a whole week before them the first days would be judged by forecasts that know no week. */
const leastLearnedDays = 7;

const meaning =
  'Violations: share of the steps with more load than capacity. Cost: capacity as a multiple of what would have been enough.';

interface Rehearsed {
  object: string;
  days: number;
  stepMs: number;
  source: string;
  policy: ProvisioningPolicy;
  replays: Replay[];
  decisions: Record<Decision['rule'], number>;
  verdict: string;
}

/** `evenkeel simulate <object>`: so that a user decides with figures of his own. */
export async function simulateObject(object: string, { fleet, days, json }: SimulateFlags): Promise<void> {
  const rehearsed = await withObject(object, fleet, (found) => rehearse(found, days));
  if (json) return printJson(rehearsed);
  for (const line of reportOf(rehearsed, process.stdout.columns ?? 100, paintFor(process.stdout))) printLine(line);
}

async function rehearse(found: ObjectAt, days: number): Promise<Rehearsed> {
  const { object, entry } = found;
  if (entry.capacity === undefined) throw new Refusal('NoUnits', { object });
  const { source, ...series } = await readHistory(found, (days + learnedDays) * dayMs);
  const known = fromFirst(series);
  refuseTooLittle(object, known, days);
  const policy = policyOf(termsOf(object, entry));
  const every = Math.max(1, Math.round(entry.schedule.every / entry.step));
  if (process.stderr.isTTY)
    process.stderr.write(`Replaying ${counted(days, 'day')} of ${object}, forecast by forecast: this takes a while.\n`);
  const { replays, decisions } = simulate({ series: known, policy, days, every });
  const verdict = verdictOf(replays, policy, days);
  return { object, days, stepMs: entry.step, source, policy, replays, decisions: rulesOf(decisions), verdict };
}

function fromFirst({ startMs, stepMs, values }: Series): Series {
  const first = Math.max(
    0,
    values.findIndex((value) => value !== null),
  );
  return { startMs: startMs + first * stepMs, stepMs, values: values.slice(first) };
}

function refuseTooLittle(object: string, { stepMs, values }: Series, days: number): void {
  const needed = (days + leastLearnedDays) * dayMs;
  if (values.length * stepMs + stepMs < needed)
    throw new Refusal('TooLittleHistory', {
      ...{ object, found: formatDuration(values.length * stepMs) },
      ...{ what: `a replay of ${counted(days, 'day')}`, needed: formatDuration(needed) },
    });
}

function reportOf({ object, days, source, replays, decisions, verdict }: Rehearsed, width: number, paint: Paint) {
  const rows = replays.map(({ rule, violations, unserved, idle, changesADay, cost }) => [
    rule,
    percent(violations, 2),
    percent(unserved, 2),
    percent(idle, 0),
    changesADay.toFixed(1),
    `${cost.toFixed(2)} ×`,
  ]);
  const { predictive, reactive } = decisions;
  const doubted =
    reactive > 0
      ? [
          `${reactive} of ${counted(predictive + reactive, 'decision')} went by the load of now: the forecast did not deserve it then.`,
        ]
      : [];
  return [
    `${paint.bold(object)} ${paint.dim(`over the last ${counted(days, 'day')} of ${source}`)}`,
    '',
    table(['RULE', 'VIOLATIONS', 'UNSERVED', 'IDLE', 'CHANGES A DAY', 'COST'], rows, paint),
    '',
    ...wrapped(verdict, width, 8),
    ...doubted.flatMap((line) => wrapped(line, width, 3)),
    ...wrapped(meaning, width, 3).map(paint.dim),
  ];
}
