import { setInterval, clearInterval } from 'node:timers';
import type { Asked } from '../route';
import type { RunEvent } from '../views';

const keepOpenEvery = 15_000;

/**
 * A run as server-sent events. Whoever comes back with the id of the last event it saw is told all that is so now, so
 * nothing is missed; once it has seen the end, it is told to stay away (204), or a browser would ask for ever.
 */
export async function sendEvents({ operator, id, request, reply }: Asked): Promise<void> {
  const stop = new AbortController();
  const events = operator.watch(id, stop.signal);
  // The first event decides between an answer and a stream: an unknown run is a plain 404.
  const first = await events.next();
  const runId = !first.done && first.value.type === 'run' ? first.value.run.runId : '';
  if (request.headers['last-event-id'] === `${runId} ended`) {
    stop.abort();
    await events.return(undefined);
    void reply.code(204).send();
    return;
  }
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
    raw.write(
      `id: ${runId} ${event.type === 'ended' ? 'ended' : place++}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`,
    );
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
