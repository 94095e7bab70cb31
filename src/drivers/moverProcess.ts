import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { Refusal } from '../contract/errors';
import type { JobContext, Lease, Progress } from '../contract/operations';
import { fromFailed, toFailed } from '../services/mover/failed';
import type { FromMover, ToMover } from '../services/mover/protocol';
import type { Host } from './host';
import { serviceFile } from './serviceFile';

/** Runs as another user than the agent, if that may be. */
export interface RunAs {
  uid: number;
  gid: number;
}

interface Call {
  resolve(output: unknown): void;
  reject(error: Error): void;
  progress?: (value: Progress) => void;
  sent: boolean;
  message: ToMover;
}

/** The mover of one host: started when it is first needed, started again when it dies, ended with the last driver that uses it. */
export class Mover {
  private child: ChildProcess | undefined;
  private ready = false;
  private calls = new Map<number, Call>();
  /** What ends each lease that the mover holds. */
  private readonly held = new Map<number, () => void>();
  private last = 0;
  private users = 0;
  private stopped = false;

  constructor(private readonly host: Host) {}

  /** From its first start on, the mover of this host runs as that user. */
  static runAs(host: Host, runAs: RunAs): void {
    lesser.set(host.stateDir, runAs);
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }
  use(): this {
    this.users++;
    return this;
  }
  /** Ends with the last user; returns when the process has ended. */
  async release(): Promise<void> {
    if (--this.users > 0) return;
    this.stopped = true;
    movers.delete(this.host.stateDir);
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.disconnect();
    const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(late);
  }

  /** Asks the mover. A call that is under way when the mover dies fails as ServiceDied, which may be tried again. */
  ask<T>(operation: string, input: unknown, job?: JobContext): Promise<T> {
    if (this.stopped)
      return Promise.reject(
        new Refusal('ServiceDied', { service: 'mover', host: this.host.name, why: 'it was stopped' }),
      );
    const call = ++this.last;
    const message: ToMover = { call, operation, input, ...(job === undefined ? {} : { job: job.id }) };
    return new Promise<T>((resolve, reject) => {
      if (job?.signal.aborted === true) return reject(new Refusal('JobCancelled', { job: job.id }));
      const cancel = () => {
        const waiting = this.calls.get(call);
        // The mover knows nothing of it yet, and never will.
        if (waiting?.sent === false) waiting.reject(new Refusal('JobCancelled', { job: job?.id ?? '' }));
        else if (this.child?.connected === true) this.child.send({ cancel: call } satisfies ToMover);
      };
      job?.signal.addEventListener('abort', cancel);
      const done = () => {
        this.calls.delete(call);
        job?.signal.removeEventListener('abort', cancel);
      };
      this.calls.set(call, {
        message,
        sent: false,
        resolve: (output) => (done(), resolve(output as T)),
        reject: (error) => (done(), reject(error)),
        ...(job === undefined ? {} : { progress: (value: Progress) => job.report(value) }),
      });
      this.start();
      this.sendCalls();
    });
  }

  private start(): void {
    if (this.child !== undefined) return;
    const child = fork(serviceFile('mover'), [], {
      execArgv: youngSpace,
      serialization: 'json',
      ...lesser.get(this.host.stateDir),
    });
    this.child = child;
    this.ready = false;
    child.on('message', (message: FromMover) => this.hear(child, message));
    child.on('error', (error) => this.host.log('the mover could not be started', { why: error.message }));
    child.once('exit', (code, signal) => this.died(child, signal ?? `exit ${code}`));
    const { name, roots, stateDir, bulk, trust } = this.host;
    child.send({ start: { name, roots, stateDir: join(stateDir, 'mover'), bulk, trust } } satisfies ToMover);
  }

  private died(child: ChildProcess, why: string): void {
    if (this.child !== child) return;
    this.child = undefined;
    this.ready = false;
    for (const end of this.held.values()) end();
    this.held.clear();
    if (!this.stopped) this.host.log('the mover ended', { why });
    for (const call of this.calls.values()) {
      if (call.sent || this.stopped)
        call.reject(new Refusal('ServiceDied', { service: 'mover', host: this.host.name, why }));
    }
    if (this.calls.size > 0) this.start();
  }

  private sendCalls(): void {
    if (!this.ready) return;
    for (const call of this.calls.values()) {
      if (call.sent) continue;
      call.sent = true;
      this.child?.send(call.message);
    }
  }

  private hear(child: ChildProcess, message: FromMover): void {
    if ('ready' in message) {
      this.ready = true;
      this.sendCalls();
    } else if ('done' in message) {
      const call = this.calls.get(message.done);
      if (message.failed === undefined) call?.resolve(message.output);
      else call?.reject(fromFailed(message.failed));
    } else if ('progress' in message) {
      this.calls.get(message.progress)?.progress?.(message.value as Progress);
    } else if ('where' in message) {
      void this.tellWhere(child, message.where, message.host);
    } else if ('hold' in message) {
      void this.hold(child, message.hold, message.lease);
    } else if ('release' in message) {
      if (child === this.child) this.held.get(message.release)?.();
    } else {
      this.host.log(message.log, message.facts);
    }
  }

  private async tellWhere(child: ChildProcess, question: number, host: string): Promise<void> {
    try {
      const { port } = await this.host.peer(host, 'copy').door({});
      tell(child, { there: question, address: this.host.bulkAddress(host), port });
    } catch (error) {
      tell(child, { there: question, failed: toFailed(error, this.host.name) });
    }
  }

  /** What comes in over the bulk port goes on under its lease, as any other work of this host does. */
  private async hold(child: ChildProcess, question: number, lease: Lease): Promise<void> {
    const newerCame = () => tell(child, { yield: question });
    let mine: (() => void) | undefined;
    try {
      await this.host.hold(lease, newerCame, () => {
        if (this.child !== child) return Promise.resolve(); // it died meanwhile
        tell(child, { held: question });
        return new Promise<void>((resolve) => this.held.set(question, (mine = resolve)));
      });
    } catch (error) {
      tell(child, { held: question, failed: toFailed(error, this.host.name) });
    } finally {
      // Another mover may use the same number meanwhile.
      if (this.held.get(question) === mine) this.held.delete(question);
    }
  }
}

/** Room for what lives as long as a batch: with V8's own 16 MiB, each batch would be moved about by the collector. */
const youngSpace = ['--min-semi-space-size=16', '--max-semi-space-size=32'];

const tell = (child: ChildProcess, message: ToMover): void => {
  if (child.connected) child.send(message);
};

const movers = new Map<string, Mover>();
const lesser = new Map<string, RunAs>();

/** The one mover of this host, for each driver that needs it; each must `release` it. */
export function moverOf(host: Host): Mover {
  let mover = movers.get(host.stateDir);
  if (mover === undefined) movers.set(host.stateDir, (mover = new Mover(host)));
  return mover.use();
}
