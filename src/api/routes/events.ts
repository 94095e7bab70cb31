import { setInterval, clearInterval } from 'node:timers';
import type { Asked } from '../route';
import type { RunEvent } from '../views';

const keepOpenEvery = 15_000;

/**
 * A run as server-sent events. The id of an event is its run and its place there: a browser that comes back with the
 * last one it saw is told all that is so now, so nothing is missed; when that run has ended, it is told that alone.
 */
export async function sendEvents({ operator, id, request, reply }: Asked): Promise<void> {
  const stop = new AbortController();
  const events = operator.watch(id, stop.signal);
  // The first event decides between an answer and a stream: an unknown run is a plain 404.
  const first = await events.next();
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  raw.write('retry: 2000\n\n');
  request.raw.once('close', () => stop.abort());
  const beat = setInterval(() => raw.write(': still here\n\n'), keepOpenEvery);
  let place = 0;
  const send = (event: RunEvent) =>
    raw.write(`id: ${place++}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  try {
    if (!first.done) send(first.value);
    for await (const event of events) send(event);
  } catch (error) {
    request.log.warn({ err: error }, 'a watch broke off');
    raw.write(
      `event: broken\ndata: ${JSON.stringify({ message: error instanceof Error ? error.message : String(error) })}\n\n`,
    );
  } finally {
    clearInterval(beat);
    raw.end();
  }
}
