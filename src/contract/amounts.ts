/** Sizes, rates and times as people write them. No zod here: workflows may import it. */

const binary = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const decimal = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `1536` → `1.5 KiB`. Three digits at most: enough to compare, short enough for a phone. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '?';
  if (bytes < 0) return `-${formatBytes(-bytes)}`;
  let power = 0;
  let value = bytes;
  // 1023.5 would be written as 1024: it belongs to the next unit.
  while (value >= 1023.5 && power < binary.length - 1) {
    value /= 1024;
    power += 1;
  }
  return `${threeDigits(power === 0 ? Math.round(value) : value)} ${binary[power]}`;
}

/** `50MiB`, `64 MB`, `1.5g`, `4096` or `1e9` as bytes; a bare K, M, G, T is binary, as in rsync. Undefined when it is none of these. */
export function parseBytes(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?(?:e\d+)?)\s*([a-z]*)(?:\/s)?\s*$/i.exec(text);
  if (!match) return undefined;
  const unit = match[2]!.toLowerCase();
  const short = ['b', 'k', 'm', 'g', 't', 'p'];
  const indexOf = (units: readonly string[]) => units.findIndex((each) => each.toLowerCase() === unit);
  const power = unit === '' ? 0 : Math.max(indexOf(binary), short.indexOf(unit));
  const bytes = power >= 0 ? Number(match[1]) * 1024 ** power : Number(match[1]) * 1000 ** indexOf(decimal);
  return power < 0 && indexOf(decimal) < 0 ? undefined : Math.round(bytes);
}

/** `93784000` → `1 d 2 h`: the two largest units, as one says it aloud. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '?';
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const units: [number, string][] = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
    [1, 's'],
  ];
  const first = units.findIndex(([size]) => seconds >= size);
  const [size, name] = units[first]!;
  const [nextSize, nextName] = units[first + 1] ?? [1, ''];
  const rest = Math.floor((seconds % size) / nextSize);
  return `${Math.floor(seconds / size)} ${name}${nextName && rest > 0 ? ` ${rest} ${nextName}` : ''}`;
}

/** An amount in the unit that a progress counts in. */
export const formatAmount = (amount: number, unit: string): string =>
  unit === 'bytes' ? formatBytes(amount) : `${formatCount(Math.round(amount))} ${unit}`;

/** The size of an object: `3 replicas`, `0.5 cores`, `512 MiB`. */
export const formatSize = (size: number, unit: string): string =>
  unit === 'bytes' ? formatBytes(size) : `${Number(size.toPrecision(6))} ${unit}`;

export const formatRate = (perSecond: number, unit: string): string =>
  unit === 'bytes' ? `${formatBytes(perSecond)}/s` : `${threeDigits(perSecond)} ${unit}/s`;

/** `1234567` → `1 234 567`, with thin spaces that do not break a line. */
export const formatCount = (count: number): string => String(count).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');

/** Share of a total from 0 to 1; undefined while the total is not known. */
export const shareOf = (done: number, total: number): number | undefined =>
  total > 0 ? Math.min(1, Math.max(0, done / total)) : undefined;

/** Time left at this rate; undefined while nobody can tell. */
export function remainingMs(done: number, total: number, rate: number): number | undefined {
  if (total <= 0 || rate <= 0 || !Number.isFinite(rate)) return undefined;
  return (Math.max(0, total - done) / rate) * 1000;
}

function threeDigits(value: number): string {
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

/** `counted(2, 'file')` → `2 files`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

/** `90s`, `15min`, `6h`, `1d` or `1h30min` as ms; a bare number is ms. Undefined when it is none of these. */
export function parseDuration(text: string): number | undefined {
  const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000, '': 1 };
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)\s*/gi)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text.trimStart()) return undefined;
  let ms = 0;
  for (const [, number, unit] of parts) {
    const size = units[unit!.toLowerCase()];
    if (size === undefined) return undefined;
    ms += Number(number) * size;
  }
  return Math.round(ms);
}
