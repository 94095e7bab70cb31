/** A timeline that was left, and where. */
export interface Branch {
  timeline: number;
  until: bigint;
}

/** A server's way through the timelines: those it left, and the one it is on. */
export interface Way {
  left: Branch[];
  timeline: number;
}

/** A piece of WAL of one timeline; without an end it goes as far as there is something. */
export interface Span {
  timeline: number;
  from: bigint;
  to?: bigint;
}

/** A history file of PostgreSQL: one line for each timeline that was left. */
export const parseHistory = (text: string): Branch[] =>
  text
    .split('\n')
    .map((line) => /^\s*(\d+)\s+([0-9A-F]+)\/([0-9A-F]+)/i.exec(line))
    .flatMap((match) =>
      match ? [{ timeline: Number(match[1]), until: (BigInt(`0x${match[2]}`) << 32n) | BigInt(`0x${match[3]}`) }] : [],
    );

/**
 * What one server wrote, or may have written, after its way parted from that of another. No span: both are on the same
 * timeline. Undefined: they never had a timeline in common.
 */
export function parting(ours: Way, theirs: Way): { fork?: bigint; spans: Span[] } | undefined {
  const ourWay = [...ours.left, { timeline: ours.timeline, until: undefined }];
  const theirWay = [...theirs.left, { timeline: theirs.timeline, until: undefined }];
  if (ourWay[0]?.timeline !== theirWay[0]?.timeline) return undefined;
  const at = ourWay.findIndex(
    (branch, index) =>
      branch.until !== theirWay[index]?.until || ourWay[index + 1]?.timeline !== theirWay[index + 1]?.timeline,
  );
  const [our, their] = [ourWay[at], theirWay[at]];
  if (!our || !their) return { spans: [] };
  const ends = [our.until, their.until].filter((end) => end !== undefined);
  const fork = ends.reduce((least, end) => (end < least ? end : least));
  const spans = ourWay.slice(at).map(({ timeline, until }, index): Span => ({
    timeline,
    from: index === 0 ? fork : (ourWay[at + index - 1]?.until ?? fork),
    ...(until !== undefined && { to: until }),
  }));
  return { fork, spans: spans.filter(({ from, to }) => to === undefined || to > from) };
}
