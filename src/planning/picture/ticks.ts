/** Round numbers that divide a range into about `count` parts: 1, 2 or 5 times a power of ten apart. */
export function valueTicks(least: number, most: number, count: number): number[] {
  const raw = (most - least) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5].find((factor) => factor * power >= raw) ?? 10) * power;
  const first = Math.ceil(least / step);
  const last = Math.floor(most / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const timeSteps = [
  ...[1, 5, 15, 30].map((minutes) => minutes * minuteMs),
  ...[1, 3, 6, 12].map((hours) => hours * hourMs),
  ...[1, 2, 7, 28].map((days) => days * dayMs),
];

/** Round moments (UTC), at most `count` of them. */
export function timeTicks(fromMs: number, toMs: number, count: number): { atMs: number; label: string }[] {
  const step = timeSteps.find((candidate) => (toMs - fromMs) / candidate <= count) ?? (toMs - fromMs) / count;
  const ticks = [];
  for (let atMs = Math.ceil(fromMs / step) * step; atMs <= toMs; atMs += step)
    ticks.push({ atMs, label: labelOf(atMs, step) });
  return ticks;
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

function labelOf(atMs: number, step: number): string {
  const at = new Date(atMs);
  const day = `${days[at.getUTCDay()]} ${String(at.getUTCDate()).padStart(2, '0')}`;
  const time = at.toISOString().slice(11, 16);
  return step >= dayMs || time === '00:00' ? day : time;
}

const prefixes = ['', 'k', 'M', 'G', 'T', 'P'];

/** A value in at most four letters and a prefix: 0.25, 1200 as 1.2k. */
export function shortValue(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 0.001 || size >= 1e18) return value.toExponential(1);
  const power = Math.max(0, Math.min(prefixes.length - 1, Math.floor(Math.log10(size) / 3 + 1e-9)));
  const scaled = value / 1000 ** power;
  return `${Number(scaled.toPrecision(3))}${prefixes[power]}`;
}
