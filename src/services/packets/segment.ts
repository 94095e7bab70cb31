import type { Place } from './protocol';

const tcp = 6;
const syn = 0x02;

/**
 * A packet of IPv4 with a bare SYN in it. Amid a connection it is out of place, and whoever gets it says where the
 * connection is (a challenge acknowledgement) whatever number it carries. The kernel fills in length and checksum of the IP header.
 */
export function synPacket(from: Place, to: Place): Buffer {
  const packet = Buffer.alloc(40);
  packet[0] = 0x45; // version 4, five words of header
  packet[8] = 64; // hops
  packet[9] = tcp;
  octets(from.address).copy(packet, 12);
  octets(to.address).copy(packet, 16);
  const segment = packet.subarray(20);
  segment.writeUInt16BE(from.port, 0);
  segment.writeUInt16BE(to.port, 2);
  segment[12] = 5 << 4; // words of header
  segment[13] = syn;
  segment.writeUInt16BE(1024, 14); // window
  const pseudoHeader = Buffer.concat([packet.subarray(12, 20), Buffer.from([0, tcp, 0, segment.length])]);
  segment.writeUInt16BE(checksum(pseudoHeader, segment), 16);
  return packet;
}

export const octets = (address: string): Buffer => Buffer.from(address.split('.').map(Number));

/** RFC 1071. */
function checksum(...parts: Buffer[]): number {
  let sum = 0;
  for (const part of parts) for (let at = 0; at < part.length; at += 2) sum += part.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
