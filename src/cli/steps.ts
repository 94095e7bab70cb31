import { formatAmount, formatDuration, formatRate, shareOf } from '../contract/amounts';
import type { LiveProgress } from '../api/views';
import { marks } from '../workflows/kit/marks';
import type { StepState, StepView } from '../workflows/kit/messages';
import type { Paint } from './print';

export function markIn(state: StepState, paint: Paint): string {
  const colours: Record<StepState, keyof Paint> = {
    waiting: 'dim',
    running: 'blue',
    done: 'green',
    failed: 'red',
    held: 'yellow',
    skipped: 'yellow',
    undone: 'yellow',
  };
  return paint[colours[state]](marks[state]);
}

/** How long a step took, or has taken so far. */
export function tookOf({ startedAt, endedAt }: StepView, now = Date.now()): string {
  if (!startedAt) return '';
  return formatDuration((endedAt ? Date.parse(endedAt) : now) - Date.parse(startedAt));
}

/** `3.2 GiB of 5.5 GiB (58 %), 112 MiB/s, 21 s left`, as far as each is known. */
export function progressSentence({ done, total, unit, rate, etaMs, note }: LiveProgress): string {
  const share = shareOf(done, total);
  const of = share === undefined ? '' : ` of ${formatAmount(total, unit)} (${Math.floor(share * 100)} %)`;
  const left = etaMs === undefined ? '' : `${formatDuration(etaMs)} left`;
  const parts = [`${formatAmount(done, unit)}${of}`, rate > 0 ? formatRate(rate, unit) : '', left, note ?? ''];
  return parts.filter((part) => part !== '').join(', ');
}

/** A bar of that many letters, in eighths of a letter. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(share * width * 8);
  const full = Math.floor(eighths / 8);
  const part = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8]!;
  return ('█'.repeat(full) + part).padEnd(width, '░');
}
