import { parentPort, workerData } from 'node:worker_threads';
import { fromFailed } from './failed';
import { Guest, type Hall } from './guest';
import { loadHash } from './hash';
import { takingOver } from './incoming';
import { close } from './sys';
import type { FromReceiver, MoverConfig, ToReceiver } from './protocol';

/** A thread of the mover: it carries out what the guests that the door gives it send. */
const config = workerData as MoverConfig;
const guests = new Map<number, Guest>();
const entering = new Map<number, (answer: Extract<ToReceiver, { entered: number }>) => void>();

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
const say = (message: FromReceiver): void => parentPort?.postMessage(message);

const hall: Hall = {
  config,
  takeOver: takingOver(config.trust),
  log: (log, facts) => say({ log, facts }),
  enter: (guest, claim) =>
    new Promise((resolve, reject) => {
      entering.set(guest, ({ failed }) => (failed === undefined ? resolve() : reject(fromFailed(failed))));
      say({ enter: guest, claim });
    }),
  left: (guest) => say({ left: guest }),
  gone: (guest) => {
    guests.delete(guest);
    say({ gone: guest });
  },
};

const ready = loadHash();
parentPort?.on('message', (message: ToReceiver) => void ready.then(() => hear(message)));

/** One that cannot even be greeted (certificate and key do not fit, say) must not take the others down. */
function take({ take: guest, fd, from }: Extract<ToReceiver, { take: number }>): void {
  try {
    guests.set(guest, new Guest(hall, guest, fd, from));
  } catch (error) {
    close(fd);
    say({ log: 'a bulk connection could not be taken', facts: { from, why: String(error) } });
    say({ gone: guest });
  }
}

function hear(message: ToReceiver): void {
  if ('take' in message) take(message);
  else if ('end' in message) guests.get(message.end)?.end();
  else {
    entering.get(message.entered)?.(message);
    entering.delete(message.entered);
  }
}
