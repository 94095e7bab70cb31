/** A position in the WAL as a number: `16/B374D848` is byte 0x16B374D848. Exact, since a BigInt carries 64 bits. */
export function positionOf(lsn: string): bigint {
  const [high = '', low = ''] = lsn.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

/** Bytes of WAL from one position to another; negative when the second lies before the first. */
export const bytesBetween = (from: string, to: string): number => Number(positionOf(to) - positionOf(from));
