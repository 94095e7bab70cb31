import type { Series } from '../../src/planning/forecast/series';
import type { Random } from '../random';

/** A series of ours with its name, and the steps of its day. */
export interface OwnSeries extends Series {
  name: string;
  values: number[];
  day: number;
}

const dayMs = 86_400_000;
const startMs = Date.UTC(2026, 0, 5);
const days = 21;

type Shape = (at: { day: number; hour: number; step: number }, random: Random) => number;

const peak = (hour: number, at: number, width: number): number => Math.exp(-((hour - at) ** 2) / (2 * width ** 2));
const noise = (random: Random, size: number): number => size * (random() + random() + random() - 1.5);
const isRest = (day: number): boolean => day % 7 >= 5;

/** Each as its name says; all of them are made, none was measured. The walk keeps its level between its steps. */
const shapes: Record<string, () => Shape> = {
  'office hours': () => (at, random) => 40 + (isRest(at.day) ? 20 : 160) * peak(at.hour, 13, 3) + noise(random, 15),
  'two peaks': () => (at, random) =>
    30 + 90 * peak(at.hour, 9, 1.5) + 120 * peak(at.hour, 20, 2) * (isRest(at.day) ? 1.3 : 1) + noise(random, 12),
  'growing shop': () => (at, random) => (1 + at.day / 30) * (50 + 80 * peak(at.hour, 15, 4)) + noise(random, 10),
  'level shift': () => (at, random) => (at.day >= 12 ? 160 : 80) + 60 * peak(at.hour, 12, 3) + noise(random, 12),
  'nightly batch': () => (at, random) => (at.hour >= 2 && at.hour < 4 ? 150 : 15) + Math.abs(noise(random, 10)),
  'random walk': () => {
    let level = 200;
    return (_, random) => (level = Math.max(0, level + noise(random, 8)));
  },
};

/** Three weeks of every shape; with `few` of the first three only. */
export function ownSeries(random: Random, stepMs: number, few: boolean): OwnSeries[] {
  const day = dayMs / stepMs;
  return Object.entries(shapes)
    .slice(0, few ? 3 : undefined)
    .map(([name, make]) => {
      const shape = make();
      const values = Array.from({ length: days * day }, (_, step) =>
        Math.max(0, shape({ day: Math.floor(step / day), hour: ((step % day) * 24) / day, step }, random)),
      );
      return { name, startMs, stepMs, values, day };
    });
}
