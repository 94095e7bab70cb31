import { nearest } from '../fleet/nearest';

/** The ids that a part may mean: their end, or a beginning, also one behind a slash. A whole part wins over a beginning. */
export function meantBy(given: string, ids: readonly string[]): string[] {
  if (ids.includes(given)) return [given];
  const matches = ids.filter((id) => id.endsWith(given) || beginnings(id).some((part) => part.startsWith(given)));
  const whole = matches.filter((id) => id.endsWith(`/${given}`) || id.split('/').includes(given));
  return whole.length === 1 ? whole : matches;
}

/** `; did you mean "ingest-vfs/files2"?` where a part of an id is close to what was typed. */
export function nearId(given: string, ids: readonly string[]): string {
  const byPart = new Map(ids.flatMap((id) => beginnings(id).map((part) => [part, id])));
  const near = nearest(given, byPart.keys());
  return near === undefined ? '' : `; did you mean "${byPart.get(near)}"?`;
}

/** `ingest-vfs/files2` begins twice: at the runbook and at the target. */
const beginnings = (id: string): string[] => {
  const parts = id.split('/');
  return parts.map((_, index) => parts.slice(index).join('/'));
};
