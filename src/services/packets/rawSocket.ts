import { endianness } from 'node:os';
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';
import type { Place } from './protocol';
import { octets } from './segment';

const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int, int, int)');
const setsockopt = libc.func('int setsockopt(int, int, int, void *, uint32_t)');
const sendto = libc.func('int64_t sendto(int, void *, size_t, int, void *, uint32_t)');
const close = libc.func('int close(int)');

const [AF_INET, SOCK_RAW, IPPROTO_RAW] = [2, 3, 255];
const [SOL_SOCKET, SO_MARK] = [1, 36];

/** A socket that takes whole packets of IPv4. It needs CAP_NET_RAW, and CAP_NET_ADMIN for the mark. */
export class RawSocket {
  private readonly fd: number;

  constructor(mark: number) {
    this.fd = must('a raw socket', () => socket(AF_INET, SOCK_RAW, IPPROTO_RAW) as number);
    const value = Buffer.alloc(4);
    if (endianness() === 'LE') value.writeUInt32LE(mark);
    else value.writeUInt32BE(mark);
    must('a mark', () => setsockopt(this.fd, SOL_SOCKET, SO_MARK, value, value.length) as number);
  }

  send(packet: Buffer, to: Place): void {
    const place = Buffer.alloc(16);
    if (endianness() === 'LE') place.writeUInt16LE(AF_INET);
    else place.writeUInt16BE(AF_INET);
    octets(to.address).copy(place, 4);
    must('sending', () => sendto(this.fd, packet, packet.length, 0, place, place.length) as number);
  }

  close(): void {
    close(this.fd);
  }
}

function must(what: string, call: () => number): number {
  const result = call();
  if (result < 0) throw new Error(`${what}: ${getSystemErrorName(-koffi.errno())}`);
  return result;
}
