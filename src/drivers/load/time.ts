/** `2026-11-25T16:49:09Z`, `2026-11-25 16:49:09.5+01`, `2026-11-25`: without a zone it is UTC. */
const iso = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)\s*(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/** Epochs by their size: seconds until the year 5138, then ms, µs and ns. */
const epochs: [below: number, perMs: number][] = [
  [1e11, 1e-3],
  [1e14, 1],
  [1e17, 1e3],
  [1e20, 1e6],
];

/** A time as ms since 1970, from ISO 8601 or an epoch; undefined when it is neither. */
export function parseTime(text: string): number | undefined {
  const match = iso.exec(text);
  if (match) {
    const [, day, clock = '00:00', zone = 'Z'] = match;
    const full = /^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2');
    const ms = Date.parse(`${day}T${clock.replace(',', '.')}${full.toUpperCase()}`);
    return Number.isNaN(ms) ? undefined : ms;
  }
  if (!/^\d+(\.\d+)?(e\d+)?$/i.test(text)) return undefined;
  const number = Number(text);
  const perMs = epochs.find(([below]) => number < below)?.[1];
  return perMs === undefined ? undefined : number / perMs;
}

const nothing = /^(|nan|null|none|na|n\/a|-|[+-]?inf(inity)?)$/i;

/** A value; null when it says that there is none, undefined when it is no number at all. */
export function parseValue(text: string): number | null | undefined {
  if (nothing.test(text)) return null;
  const value = Number(text);
  return Number.isNaN(value) ? undefined : Number.isFinite(value) ? value : null;
}
