import { writeFileSync } from 'node:fs';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
export const stepMs = 5 * minuteMs;

/** A number between 0 and 1 for each step, the same each time. */
function noise(step: number, seed: number): number {
  const x = Math.sin(step * 12.9898 + seed * 78.233) * 43_758.5453;
  return x - Math.floor(x);
}

/** Busy by day, quiet by night and on Sundays, with some noise: what a forecast is good at. */
export function daily(atMs: number): number {
  const hour = (atMs % dayMs) / (60 * minuteMs);
  const sunday = new Date(atMs).getUTCDay() === 0 ? 0.6 : 1;
  return 300 + sunday * 200 * Math.sin(((hour - 8) / 24) * 2 * Math.PI) + 20 * noise(atMs / stepMs, 1);
}

/** Some days of a load until a moment, as a csv file. */
export function writeLoad(file: string, load: (atMs: number) => number, untilMs: number, days = 14): void {
  const last = Math.floor(untilMs / stepMs) * stepMs;
  const lines = ['time,value'];
  for (let atMs = last - Math.round(days * (dayMs / stepMs)) * stepMs; atMs < last; atMs += stepMs)
    lines.push(`${new Date(atMs).toISOString()},${load(atMs).toFixed(3)}`);
  writeFileSync(file, `${lines.join('\n')}\n`);
}
