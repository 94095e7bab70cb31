import { createInterface } from 'node:readline';
import type { Answer, Order } from './protocol';
import { RawSocket } from './rawSocket';
import { synPacket } from './segment';

/** Sends what it is told, a line an order, until its input ends. */
async function main(): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(carryOut(JSON.parse(line) as Order))}\n`);
  }
}

/** One client that cannot be reached keeps nobody else from getting his. */
function carryOut({ mark, segments }: Order): Answer {
  let socket: RawSocket;
  try {
    socket = new RawSocket(mark);
  } catch (error) {
    return { sent: 0, why: (error as Error).message };
  }
  const answer: Answer = { sent: 0 };
  for (const { from, to } of segments) {
    try {
      socket.send(synPacket(from, to), to);
      answer.sent++;
    } catch (error) {
      answer.why = (error as Error).message;
    }
  }
  socket.close();
  return answer;
}

void main();
