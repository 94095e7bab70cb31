import type { CapabilityOf, Host, Running } from '../host';
import { moverOf } from '../moverProcess';

/** Sends storage items from agent to agent: the work is done by the mover, a child process. */
export function stream(host: Host): Running<CapabilityOf<'copy'>> {
  const mover = moverOf(host);
  return {
    driver: {
      door: (input) => mover.ask('door', input),
      send: (input, job) => mover.ask('send', input, job),
      digest: (input, job) => mover.ask('digest', input, job),
      discard: (input, job) => mover.ask('discard', input, job),
      forget: (input) => mover.ask('forget', input),
      limit: (input) => mover.ask('limit', input),
      failures: (input) => mover.ask('failures', input),
    },
    stop: () => mover.release(),
  };
}
