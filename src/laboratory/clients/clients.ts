import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compiled } from '../../stack/places';
import type { Endings } from '../endings';
import { inside } from '../network';
import { readLog, type ClientLog } from './log';
import type { ClientPlan, Counters, ToClients } from './protocol';

export interface ClientsPlace {
  /** A network namespace; this machine when left out. */
  namespace?: string;
  /** Where the log lies. */
  folder: string;
}

export type ClientsWish = Pick<ClientPlan, 'to' | 'port'> & Partial<Omit<ClientPlan, 'logFile' | 'tag'>>;

/** Connections, writes a second, and how long a client waits, unless it is said otherwise. */
const usual = { connections: 20, perSecond: 100, connectTimeoutMs: 250 };

/** A process of clients that write, each write with an id of its own, until they are stopped. */
export class Clients {
  /** What they told last. */
  counters: Counters | undefined;
  private readonly listeners: ((counters: Counters) => void)[] = [];

  private constructor(
    private readonly child: ChildProcess,
    private readonly logFile: string,
  ) {
    child.on('message', (counters: Counters) => {
      this.counters = counters;
      this.listeners.forEach((listener) => listener(counters));
    });
  }

  static start(endings: Endings, { namespace, folder }: ClientsPlace, wish: ClientsWish): Clients {
    const tag = randomBytes(4).toString('hex');
    const logFile = join(folder, `clients-${tag}.jsonl`);
    const plan: ClientPlan = { ...usual, ...wish, tag, logFile };
    const enter = namespace === undefined ? [] : inside(namespace);
    const command = [...enter, process.execPath, compiled('laboratory', 'clients', 'main.js'), JSON.stringify(plan)];
    const complaints = openSync(join(folder, `clients-${tag}.log`), 'a');
    const [program = '', ...args] = command;
    const child = spawn(program, args, { stdio: ['ignore', complaints, complaints, 'ipc'] });
    closeSync(complaints);
    const clients = new Clients(child, logFile);
    endings.add(() => clients.stop());
    return clients;
  }

  /** Is called with what they tell, ten times a second. */
  listen(listener: (counters: Counters) => void): void {
    this.listeners.push(listener);
  }

  /** What they have logged so far; who waits has waited until now. */
  log(): ClientLog {
    const log = readLog(readFileSync(this.logFile, 'utf8'));
    return this.runs() ? { ...log, untilMs: performance.timeOrigin + performance.now() } : log;
  }

  /** Lets them end where they are: who waits for an answer waits no longer, and its write stays unknown. */
  async stop(): Promise<ClientLog> {
    if (this.runs()) {
      const ended = once(this.child, 'exit');
      // One whose channel is gone ends by itself.
      if (this.child.connected) this.child.send('stop' satisfies ToClients);
      await ended;
    }
    return this.log();
  }

  private runs(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }
}
