/** Values at equal steps. `null`: nobody measured. */
export interface Line {
  startMs: number;
  stepMs: number;
  values: readonly (number | null)[];
}

/** How far it may be off: `level` of a hundred values are expected between the two. */
export interface Band {
  level: number;
  lower: readonly number[];
  upper: readonly number[];
}

/** A load as people look at it: what was, what is expected, what was expected, and what is there to carry it. */
export interface LoadPicture {
  object: string;
  /** Of the values, such as `requests/s`, where somebody knows it. */
  unit?: string;
  history: Line;
  forecast: Line & { bands: readonly Band[] };
  /** What was forecast earlier for steps that have come meanwhile. */
  earlier?: Line;
  /** What was provided, in the unit of the load. */
  capacity?: Line;
  /** What is recommended to be provided from now on, in the unit of the load. */
  recommended?: Line;
}

export const endMs = ({ startMs, stepMs, values }: Line): number => startMs + values.length * stepMs;

/** The largest value that is drawn anywhere, and the smallest, at most 0: a load's picture starts at nothing. */
export function extentOf({ history, forecast, earlier, capacity, recommended }: LoadPicture): [number, number] {
  let [least, most] = [0, 0];
  const see = (value: number | null) => {
    if (value === null || !Number.isFinite(value)) return;
    least = Math.min(least, value);
    most = Math.max(most, value);
  };
  for (const line of [history, forecast, earlier, capacity, recommended]) line?.values.forEach(see);
  for (const { lower, upper } of forecast.bands) {
    lower.forEach(see);
    upper.forEach(see);
  }
  return most > least ? [least, most] : [least, least + 1];
}
