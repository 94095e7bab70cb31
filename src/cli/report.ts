import type { FailoverReport } from '../contract/failoverReports';
import { failoverLines } from './failoverLines';
import { formatBytes, formatCount, formatDuration } from '../contract/amounts';
import type { RunView } from '../api/views';
import { table, type Paint } from './print';

/** The last line of `--json`: the report of a run that is done, and the same shape for one that is not. */
export function reportOf(run: RunView): Record<string, unknown> {
  const { id, runId, failure, webUi } = run;
  const about = { id, runId, ...(webUi && { webUi }) };
  if (run.report) return { ...about, ...run.report };
  const { runbook, target, phase, steps, tookMs, plan } = run;
  return {
    ...about,
    runbook,
    target,
    outcome: phase,
    ...(failure && { failure }),
    ...(plan && { plan }),
    steps,
    tookMs,
  };
}

/** How it ended, for a person. */
export function reportLines(run: RunView, paint: Paint): string[] {
  return [...(run.phase === 'planned' ? planLines(run, paint) : []), ...endLines(run, paint)];
}

/** The outcome and its figures, without the plan. */
export function endLines(run: RunView, paint: Paint): string[] {
  const took = formatDuration(run.tookMs);
  const link = run.webUi ? [paint.dim(run.webUi)] : [];
  if (run.phase === 'planned') return [paint.green('Nothing was touched: this was a dry run.')];
  if (run.phase !== 'done')
    return [paint.red(`${capital(run.phase)} after ${took}${run.failure ? `: ${run.failure.message}` : ''}`), ...link];
  return ['', paint.green(`Done in ${took}.`), ...resultLines(run), ...failuresHint(run, paint), ...link];
}

/** A failover tells a story; what other runs found is a list of figures. */
function resultLines({ runbook, report }: RunView): string[] {
  const result = report?.result;
  if (runbook !== 'fail-over-endpoint' || !result) return factLines(result);
  return failoverLines(result as FailoverReport, process.stdout.columns ?? 80);
}

/** A report keeps the first of them. */
function failuresHint({ id, report }: RunView, paint: Paint): string[] {
  const { failedFiles = 0 } = (report?.result ?? {}) as { failedFiles?: number };
  return failedFiles > 0 ? [paint.dim(`\`evenkeel failures ${id}\` lists every file that could not be sent.`)] : [];
}

export function planLines({ plan }: Pick<RunView, 'plan'>, paint: Paint): string[] {
  if (!plan) return [];
  return [paint.bold(`Plan ${plan.digest}`), ...plan.sentences.map((sentence) => `  ${sentence}`)];
}

/** The figures of a result, each with its name in words; lists are tables, of at most ten rows. */
export function factLines(result: unknown): string[] {
  if (typeof result !== 'object' || result === null) return [];
  const facts = Object.entries(result);
  const width = Math.max(0, ...facts.map(([name]) => inWords(name).length));
  return facts.flatMap(([name, value]) => {
    if (Array.isArray(value)) return value.length === 0 ? [] : [`  ${inWords(name)}:`, ...rowLines(value)];
    return [`  ${inWords(name).padEnd(width)}  ${factOf(name, value)}`];
  });
}

function rowLines(rows: readonly unknown[]): string[] {
  const shown = rows.slice(0, 10);
  const more = rows.length > shown.length ? [`    and ${rows.length - shown.length} more`] : [];
  const [first] = shown;
  if (typeof first !== 'object' || first === null) return [...shown.map((row) => `    ${String(row)}`), ...more];
  const head = Object.keys(first);
  const cells = shown.map((row) => head.map((name) => factOf(name, (row as Record<string, unknown>)[name])));
  const plain = Object.fromEntries(
    ['bold', 'dim', 'red', 'green', 'yellow', 'blue'].map((c) => [c, (t: string) => t]),
  ) as Paint;
  return [
    ...table(head, cells, plain)
      .split('\n')
      .map((line) => `    ${line}`),
    ...more,
  ];
}

/** A figure in its unit, which the contract keeps in its name: `bytes`, `lagMs`. */
export function factOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'object' && value !== null) return nested(value);
  if (typeof value !== 'number') return JSON.stringify(value);
  if (/bytes$/i.test(name)) return formatBytes(value);
  if (/Ms$/.test(name)) return formatDuration(value);
  return formatCount(value);
}

/** Facts within a fact, in one line: `fork lsn 0/3000, commits 2`. */
const nested = (facts: object): string =>
  Object.entries(facts)
    .filter(([, value]) => !Array.isArray(value) || value.length > 0)
    .map(([name, value]) => `${inWords(name)} ${factOf(name, value)}`)
    .join(', ');

/** `readOnlyMs` → `read only`. */
const inWords = (name: string): string =>
  name
    .replace(/(Ms|Bytes)$/, '')
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .trim();

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
