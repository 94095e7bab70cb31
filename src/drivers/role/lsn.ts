export const formatLsn = (lsn: bigint): string =>
  `${(lsn >> 32n).toString(16)}/${(lsn & 0xffff_ffffn).toString(16)}`.toUpperCase();

const pageBytes = 8192n;

/**
 * Where a record ends that begins at `lsn`: rounded up to 8 bytes, with the header of each page that it crosses into
 * (24 bytes, and 40 on the first page of a segment). PostgreSQL itself says only where a record begins.
 */
export function endOfRecord(lsn: bigint, length: number, segmentBytes: number): bigint {
  let left = (BigInt(length) + 7n) & ~7n;
  let at = lsn;
  for (;;) {
    const room = pageBytes - (at % pageBytes);
    if (left <= room) return at + left;
    left -= room;
    at += room;
    at += at % BigInt(segmentBytes) === 0n ? 40n : 24n;
  }
}

/** The name of the file in pg_wal that holds a position. */
export function segmentName(timeline: number, lsn: bigint, segmentBytes: number): string {
  const perId = 0x1_0000_0000n / BigInt(segmentBytes);
  const number = lsn / BigInt(segmentBytes);
  return [BigInt(timeline), number / perId, number % perId]
    .map((part) => part.toString(16).toUpperCase().padStart(8, '0'))
    .join('');
}
