import type { Line, LoadPicture } from './loadPicture';

/** The same picture with so few points that a page may hold many of them: neighbours become their mean. */
export function thinned(picture: LoadPicture, most: number): LoadPicture {
  const { history, forecast, earlier, capacity, recommended } = picture;
  const factor = Math.max(1, Math.ceil((history.values.length + forecast.values.length) / most));
  if (factor === 1) return picture;
  const thin = (line: Line): Line => ({
    startMs: line.startMs,
    stepMs: line.stepMs * factor,
    values: inGroups(line.values, factor),
  });
  const bands = forecast.bands.map(({ level, lower, upper }) => ({
    level,
    lower: inGroups(lower, factor).map(Number),
    upper: inGroups(upper, factor).map(Number),
  }));
  return {
    ...picture,
    history: thin(history),
    forecast: { ...thin(forecast), bands },
    ...(earlier && { earlier: thin(earlier) }),
    ...(capacity && { capacity: thin(capacity) }),
    ...(recommended && { recommended: thin(recommended) }),
  };
}

function inGroups(values: readonly (number | null)[], factor: number): (number | null)[] {
  return Array.from({ length: Math.ceil(values.length / factor) }, (_, group) => {
    const known = values.slice(group * factor, (group + 1) * factor).filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  });
}
