import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from './connection';
import { Journal } from './journal';
import type { ClientPlan, Counters, ToClients } from './protocol';

/** Clients of a database, in a process of their own, so that they run where a namespace is; it ends when nobody listens any more. */
const plan = JSON.parse(process.argv[2] ?? '{}') as ClientPlan;
const tellEveryMs = 100;
const lastAnswersMs = 500;

const journal = new Journal(plan.logFile, plan.tag);
const connections = Array.from({ length: plan.connections }, (_, number) => new Connection(plan, number, journal));
const tell = (counters: Counters) => void process.send?.(counters, undefined, undefined, () => undefined);
const timer = setInterval(() => tell(journal.counters()), tellEveryMs);

/** Whoever waits for an answer is given a moment: only what hangs is left open. */
async function stop(): Promise<void> {
  connections.forEach((connection) => connection.finish());
  for (const deadline = Date.now() + lastAnswersMs; Date.now() < deadline && journal.counters().waiting > 0;) {
    await pause(5);
  }
  clearInterval(timer);
  journal.close();
  tell(journal.counters());
  connections.forEach((connection) => connection.drop());
  process.exit(0);
}

// Ctrl-C at a terminal comes to us too; whoever started us says when to stop.
process.on('SIGINT', () => undefined);
process.once('disconnect', () => void stop()).once('SIGTERM', () => void stop());
process.on('message', (word: ToClients) => {
  if (word === 'stop') void stop();
});
for (const connection of connections) void connection.run();
