import { appendFileSync, writeFileSync } from 'node:fs';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** One value a minute lies in the history. */
export const stepMs = minuteMs;
const historyDays = 14;
/** While the demo runs a value is written this often. */
const growsEveryMs = 2_000;

/** Load at a moment; undefined while nobody measured. */
export type Shape = (atMs: number) => number | undefined;

/** A number between 0 and 1 for each moment, the same each time. */
function noise(step: number, seed: number): number {
  const x = Math.sin(step * 12.9898 + seed * 78.233) * 43_758.5453;
  return x - Math.floor(x);
}

/** A shop: busy in the afternoon, half as busy at weekends, with noise. For three hours five days ago nobody measured it. */
export function shop(untilMs: number): Shape {
  const outage = untilMs - 5 * dayMs;
  return (atMs) => {
    if (atMs >= outage && atMs < outage + 3 * hourMs) return undefined;
    const hour = (atMs % dayMs) / hourMs;
    const busy = [0, 6].includes(new Date(atMs).getUTCDay()) ? 0.55 : 1;
    return 100 + busy * 220 * Math.exp(-((hour - 14) ** 2) / 18) + 24 * (noise(atMs / stepMs, 1) - 0.5);
  };
}

/** Of a hundred minutes of the day so many jump each day. */
const jumps = 0.03;

/**
 * A random walk whose step is a day: each minute of the day has a level of its own and keeps it until, on some day, it jumps
 * to any other. Nothing can be nearer in the mean than the same minute of yesterday.
 */
export const walk: Shape = (atMs) => {
  const step = Math.floor(atMs / stepMs);
  const aDay = dayMs / stepMs;
  const since = Array.from({ length: 40 }, (_, day) => step - day * aDay).find((at) => noise(at, 2) < jumps);
  return 20 + 200 * noise(since ?? step % aDay, 3);
};

/** Two weeks of a load until now, as a csv file. */
export function writeHistory(file: string, shape: Shape, untilMs: number): void {
  const last = Math.floor(untilMs / stepMs) * stepMs;
  const rows = ['time,value'];
  for (let atMs = last - historyDays * dayMs; atMs <= last; atMs += stepMs) rows.push(...row(atMs, shape));
  writeFileSync(file, `${rows.join('\n')}\n`);
}

/** Goes on measuring until the function that it answers with is called. */
export function keepMeasuring(loads: ReadonlyMap<string, Shape>): () => void {
  const timer = setInterval(() => {
    for (const [file, shape] of loads) for (const line of row(Date.now(), shape)) appendFileSync(file, `${line}\n`);
  }, growsEveryMs);
  return () => clearInterval(timer);
}

function row(atMs: number, shape: Shape): string[] {
  const value = shape(atMs);
  return value === undefined ? [] : [`${new Date(atMs).toISOString()},${value.toFixed(2)}`];
}
