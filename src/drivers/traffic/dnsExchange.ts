import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { decode } from './dnsMessage';

export interface Server {
  address: string;
  port: number;
}

/** How long each attempt waits: a datagram may be lost, and a name server that is restarted is back soon. */
const attemptsMs = [300, 600, 1_200];
const overTcpMs = 2_000;

/** The server's answer, over UDP, and over TCP when it has no room there. Throws what was wrong with the last attempt. */
export async function exchange(server: Server, message: Buffer): Promise<Buffer> {
  let last: unknown;
  for (const waitMs of attemptsMs) {
    try {
      const answer = await overUdp(server, message, waitMs);
      return decode(answer).truncated ? await overTcp(server, message) : answer;
    } catch (error) {
      last = error; // the next attempt may get through; the last one's error is thrown
    }
  }
  throw last;
}

/** Whatever comes back and is no answer to this message is not looked at. */
function isAnswerTo(message: Buffer, bytes: Buffer): boolean {
  try {
    return decode(bytes).isAnswer && bytes.readUInt16BE(0) === message.readUInt16BE(0);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function overUdp({ address, port }: Server, message: Buffer, waitMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    let why = `nothing came within ${waitMs} ms`;
    const settle = (how: () => void) => {
      clearTimeout(timer);
      socket.close();
      how();
    };
    const timer = setTimeout(() => settle(() => reject(new Error(why))), waitMs);
    // A refusal is waited out as well: the server may be about to start.
    socket.on('error', (error: NodeJS.ErrnoException) => (why = error.code ?? error.message));
    socket.on('message', (bytes: Buffer) => {
      if (isAnswerTo(message, bytes)) settle(() => resolve(bytes));
    });
    // Connected, so that the kernel lets nobody else answer.
    socket.connect(port, address, () => socket.send(message));
  });
}

function overTcp({ address, port }: Server, message: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port });
    let heard = Buffer.alloc(0);
    socket.setTimeout(overTcpMs, () => socket.destroy(new Error(`nothing came within ${overTcpMs} ms over TCP`)));
    socket.once('connect', () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      socket.write(Buffer.concat([length, message]));
    });
    socket.on('data', (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk]);
      if (heard.length < 2 || heard.length < 2 + heard.readUInt16BE(0)) return;
      socket.destroy();
      const answer = heard.subarray(2, 2 + heard.readUInt16BE(0));
      if (isAnswerTo(message, answer)) resolve(answer);
      else reject(new Error('what came over TCP is no answer'));
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('it closed the connection without an answer')));
  });
}
