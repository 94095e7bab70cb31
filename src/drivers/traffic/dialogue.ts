import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { Refusal } from '../../contract/errors';
import { startProgram, type Ground } from './ground';

/** Finds the whole answer in what was heard so far. */
export type Hear = (heard: string) => string | undefined;

const answersMs = 5_000;

/**
 * A program that stays and is asked one thing after the other: a new process for each would cost more than all that is
 * asked. It is started when it is first needed, and again when it has died.
 */
export class Dialogue {
  private child: ChildProcessWithoutNullStreams | undefined;
  private heard = '';
  private waiting: { hear: Hear; resolve(answer: string): void; reject(why: Refusal): void } | undefined;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly ground: Ground,
    private readonly service: string,
    private readonly words: readonly string[],
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** A question whose program dies is refused as ServiceDied: nobody knows whether it was carried out. */
  ask(question: string, hear: Hear): Promise<string> {
    const mine = this.turn.then(() => this.exchange(question, hear));
    this.turn = mine.catch(() => undefined); // whoever asked gets the error; the next one has its turn all the same
    return mine;
  }

  /** Started before it is needed, so that the first question does not wait for it. */
  start(): ChildProcessWithoutNullStreams {
    if (this.child) return this.child;
    const child = startProgram(this.ground, this.words);
    const hear = (chunk: Buffer) => {
      if (this.child !== child) return;
      this.heard += chunk.toString();
      const answer = this.waiting?.hear(this.heard);
      if (answer !== undefined) this.waiting?.resolve(answer);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', (cause) => this.died(child, cause.message, cause));
    child.once('close', (code, signal) => this.died(child, `it ended with ${code ?? signal}`));
    return (this.child = child);
  }

  /** Ends it; what is asked meanwhile is answered first. */
  async stop(): Promise<void> {
    await this.turn;
    const { child } = this;
    if (!child) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    const late = setTimeout(() => child.kill('SIGKILL'), answersMs);
    child.stdin.end();
    await ended;
    clearTimeout(late);
  }

  private async exchange(question: string, hear: Hear): Promise<string> {
    const child = this.start();
    this.heard = '';
    const late = setTimeout(() => child.kill('SIGKILL'), answersMs);
    try {
      return await new Promise<string>((resolve, reject) => {
        this.waiting = { hear, resolve, reject };
        child.stdin.write(question);
      });
    } finally {
      this.waiting = undefined;
      clearTimeout(late);
    }
  }

  private died(child: ChildProcessWithoutNullStreams, how: string, cause?: unknown): void {
    if (this.child !== child) return;
    this.child = undefined;
    const { service, heard } = this;
    const why = heard.trim().split('\n').at(-1) || how;
    this.waiting?.reject(new Refusal('ServiceDied', { service, host: this.ground.host.name, why }, { cause }));
  }
}
