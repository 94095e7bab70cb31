import { fork, type ChildProcess } from 'node:child_process';
import type { FromWatcher, ToWatcher } from '../../services/watcher/protocol';
import type { Host } from '../host';
import { serviceFile } from '../serviceFile';
import { withPassword, type Watched } from './things';

/** It is small, and never has much to collect. Each process that is waited for takes a thread, each login another. */
const settings = { execArgv: ['--max-old-space-size=96'], env: { ...process.env, UV_THREADPOOL_SIZE: '8' } };

/** Pauses before it is started again, ms. */
const againMs = { least: 50, most: 5_000 };
/** A rejected password is read anew this often at the most, ms. */
const rereadMs = 1_000;

/** The watcher of one host: runs from its start until `stop`, and is started again whenever it ends. */
export class WatcherProcess {
  private child: ChildProcess | undefined;
  private again: NodeJS.Timeout | undefined;
  private startedMs = 0;
  private pauseMs = againMs.least;
  private stopped = false;
  private readonly readMs = new Map<Watched, number>();

  constructor(
    private readonly host: Host,
    private readonly watched: readonly Watched[],
    private readonly hear: (message: Exclude<FromWatcher, { log: string } | { rejected: unknown }>) => void,
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  start(): void {
    const things = this.watched.map((each) => this.open(each));
    const child = fork(serviceFile('watcher'), [], { ...settings, serialization: 'json' });
    this.child = child;
    this.startedMs = Date.now();
    child.on('message', (message: FromWatcher) => this.heard(message));
    child.on('error', (error) => this.host.log('the watcher could not be started', { why: error.message }));
    child.once('exit', (code, signal) => this.ended(child, signal ?? `exit ${code}`));
    tell(child, { start: { observer: this.host.name, things } });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.again);
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const over = new Promise((resolve) => child.once('exit', resolve));
    if (child.connected) child.disconnect();
    const late = setTimeout(() => child.kill('SIGKILL'), 2_000);
    await over;
    clearTimeout(late);
  }

  private heard(message: FromWatcher): void {
    if ('log' in message) this.host.log(message.log, message.facts);
    else if ('rejected' in message) this.reread(message.rejected);
    else this.hear(message);
  }

  private ended(child: ChildProcess, why: string): void {
    if (this.child !== child || this.stopped) return;
    this.child = undefined;
    this.pauseMs =
      Date.now() - this.startedMs > againMs.most ? againMs.least : Math.min(this.pauseMs * 2, againMs.most);
    this.host.log('the watcher ended, and is started again', { why, pauseMs: this.pauseMs });
    this.again = setTimeout(() => this.start(), this.pauseMs);
  }

  private reread({ target, name }: { target: string; name: string }): void {
    const found = this.watched.find(({ thing }) => thing.target === target && thing.name === name);
    if (!found || Date.now() - (this.readMs.get(found) ?? 0) < rereadMs) return;
    this.readMs.set(found, Date.now());
    const { password } = this.open(found);
    if (password !== undefined && this.child) tell(this.child, { password, target, name });
  }

  /** A secret that cannot be read keeps nobody from watching the rest: the thing then says itself that the login fails. */
  private open(watched: Watched): ReturnType<typeof withPassword> {
    try {
      return withPassword(watched);
    } catch (error) {
      const { target, name } = watched.thing;
      this.host.log('a password cannot be read', { level: 'warn', target, name, why: (error as Error).message });
      return { ...watched.thing };
    }
  }
}

const tell = (child: ChildProcess, message: ToWatcher): void => {
  if (child.connected) child.send(message);
};
