import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { Refusal, isErrorCode } from '../../contract/errors';
import { freshBatch, keepBatch, type Batch } from './batch';
import type { Bucket } from './bucket';
import { FrameReader, KIND, frame, jsonFrame, type Answer, type Hello, type Refused, type Welcome } from './wire';

const WINDOW = 8; // batches of a job on their way at once, about 1 MiB each
const OWN = 2; // of these each lane has so many for itself
const GIVE_UP_MS = 60_000;
const SILENCE_MS = 30_000; // no word for so long, though asked: the peer's process hangs
const PING_MS = 2_000;
const MAX_TRIES = 4;

/** A hello of any lane. */
export type Greeting = Omit<Hello, 'lane'>;

/** What the lanes of one job may have on their way together. */
export class Window {
  private used = 0;
  private readonly lanes: Lane[] = [];

  join(lane: Lane): void {
    this.lanes.push(lane);
  }
  isOpenFor(own: number): boolean {
    return own < OWN || this.used < WINDOW;
  }
  sent(): void {
    this.used++;
  }
  acked(): void {
    this.used--;
    for (const lane of this.lanes) lane.wake();
  }
}

export interface LaneOptions {
  window: Window;
  /** Its place among the lanes of a session. */
  number: number;
  /** A new connection to the peer's door, wherever that is now. */
  dial(): Promise<Duplex>;
  job: string;
  bucket: Bucket;
  signal: AbortSignal;
  peer: string;
  onSent(bytes: number): void;
  onAnswer(ownersNotSet: number): void;
}

/** One connection to a receiver: batches go out in order, and stay here until they are acknowledged. A lost link is mended. */
export class Lane {
  current: Batch = freshBatch();
  welcome!: Welcome;
  acked = 0;
  sealed = 0;
  private inFlight: Batch[] = [];
  private stream: Duplex | undefined;
  /** A connection that has not been welcomed yet. */
  private greeting: Duplex | undefined;
  private failure: Error | undefined;
  private waiting: (() => void)[] = [];
  private lastProgress = performance.now();
  private lastWord = performance.now();
  private answers = new Map<number, (answer: Answer) => void>();
  private readonly pinger: NodeJS.Timeout;
  private closed = false;
  private mending = false;
  private hello!: Greeting;
  /** Where this item goes, as long as it does: no other store is taken for it. */
  private storeId: string | undefined;

  constructor(private readonly options: LaneOptions) {
    options.window.join(this);
    this.pinger = setInterval(() => this.ping(), PING_MS);
    options.signal.addEventListener('abort', this.onAbort);
    if (options.signal.aborted) this.onAbort();
  }
  private onAbort = (): void => this.fail(new Refusal('JobCancelled', { job: this.options.job }));

  /** From now on it carries that item; everything of the one before has been acknowledged. The connection stays. */
  async carry(hello: Greeting): Promise<Welcome> {
    this.hello = hello;
    this.storeId = undefined;
    this.lastProgress = performance.now();
    if (this.stream !== undefined) this.stream.write(this.helloFrame());
    else if (!this.mending) await this.connect();
    await this.until(() => this.storeId !== undefined);
    return this.welcome;
  }

  private helloFrame(): Buffer {
    return jsonFrame(KIND.HELLO, { ...this.hello, lane: this.options.number } satisfies Hello);
  }

  /** Connects; until it does, or a minute is over. */
  private async connect(): Promise<void> {
    for (let pause = 50; !this.closed; pause = Math.min(2_000, pause * 2)) {
      this.check();
      try {
        return await this.connectOnce();
      } catch (error) {
        if (error instanceof Refusal && !error.retry) throw error;
        if (performance.now() - this.lastProgress > GIVE_UP_MS) {
          const { hello } = this;
          const { peer } = this.options;
          const why = error instanceof Error ? error.message : String(error);
          throw new Refusal('PeerUnreachable', { host: hello.host, peer, why }, { cause: error });
        }
        await wait(pause, undefined, { signal: this.options.signal }).catch(() => this.check());
      }
    }
  }

  private async connectOnce(): Promise<void> {
    const stream = await this.options.dial();
    this.greeting = stream;
    try {
      await this.greet(stream);
    } catch (error) {
      stream.destroy();
      throw error;
    } finally {
      this.greeting = undefined;
    }
  }

  private async greet(stream: Duplex): Promise<void> {
    const { hello } = this;
    this.lastWord = performance.now();
    const welcome = await new Promise<Welcome>((resolve, reject) => {
      const reader = new FrameReader(
        (length) => Buffer.allocUnsafe(length),
        (kind, sequence, payload) => {
          if (kind === KIND.WELCOME) {
            const said = JSON.parse(payload.toString()) as Welcome;
            resolve(said);
            if (this.stream === stream) this.welcomed(said);
          } else if (kind === KIND.REFUSE) {
            const refusal = toRefusal(JSON.parse(payload.toString()) as Refused);
            reject(refusal);
            if (this.stream === stream) this.fail(refusal);
          } else if (this.stream === stream) this.heard(kind, sequence, payload);
        },
      );
      stream.on('data', (data: Buffer) => {
        this.lastWord = performance.now();
        reader.push(data);
      });
      stream.once('close', () => {
        reject(new Error('the connection was closed'));
        if (this.stream === stream) void this.mend();
      });
      stream.write(this.helloFrame());
    });
    this.check();
    if (this.closed) throw new Error('nobody wants it any more');
    if (this.storeId !== undefined && welcome.storeId !== this.storeId) {
      throw new Refusal('PeerUnreachable', {
        host: this.hello.host,
        peer: this.options.peer,
        why: 'its store is another one now',
      });
    }
    this.stream = stream;
    if (hello === this.hello) this.welcomed(welcome);
    else stream.write(this.helloFrame());
    for (const batch of this.inFlight) stream.write(batch.bytes.subarray(0, batch.length));
  }

  private welcomed(welcome: Welcome): void {
    this.welcome = welcome;
    this.storeId = welcome.storeId;
    this.wake();
  }

  private async mend(): Promise<void> {
    if (this.closed || this.failure !== undefined || this.mending) return;
    this.stream = undefined;
    this.mending = true;
    try {
      await this.connect();
    } catch (error) {
      this.fail(error as Error);
    } finally {
      this.mending = false;
    }
  }

  private heard(kind: number, sequence: number, payload: Buffer): void {
    if (kind !== KIND.ACK) return;
    const batch = this.inFlight[0];
    if (batch?.sequence !== sequence) return; // of a batch that was sent twice
    const answer = payload.length > 4 ? (JSON.parse(payload.toString('utf8', 4)) as Answer) : {};
    if (answer.damaged === true) return this.again(batch);
    this.lastProgress = performance.now();
    this.inFlight.shift();
    this.options.window.acked();
    this.acked = sequence;
    this.options.onAnswer(payload.readUInt32LE(0));
    batch.settle(answer.refused ?? []);
    this.answers.get(sequence)?.(answer);
    this.answers.delete(sequence);
    keepBatch(batch);
    this.wake();
  }

  private again(batch: Batch): void {
    if (++batch.tries < MAX_TRIES) this.stream?.destroy();
    else this.fail(new Refusal('Corrupt', { what: this.hello.item, host: this.options.peer }));
  }

  private ping(): void {
    const silent = performance.now() - this.lastWord > SILENCE_MS;
    if (this.greeting !== undefined) return void (silent && this.greeting.destroy());
    if (this.stream === undefined || (this.inFlight.length === 0 && this.storeId !== undefined))
      return void (this.lastWord = performance.now());
    if (silent) this.stream.destroy();
    else this.stream.write(frame(KIND.PING, 0));
  }

  /** Sends the current batch, waits while too much is on its way, and lets others run. */
  async flush(): Promise<void> {
    if (!this.current.isEmpty) {
      await this.options.bucket.take(this.current.length, this.options.signal);
      this.check();
      const batch = this.current;
      const data = batch.seal(++this.sealed);
      this.inFlight.push(batch);
      this.options.window.sent();
      this.stream?.write(data);
      this.options.onSent(data.length);
      this.current = freshBatch();
    }
    await new Promise((resolve) => setImmediate(resolve));
    await this.until(() => this.options.window.isOpenFor(this.inFlight.length));
  }
  /** Sends what there is and waits until all of it was carried out. */
  async drain(): Promise<void> {
    await this.flush();
    await this.until(() => this.inFlight.length === 0);
  }
  /** Sends the current batch, whose answer is wanted. */
  async ask(): Promise<Answer> {
    const answer = new Promise<Answer>((resolve) => this.answers.set(this.sealed + 1, resolve));
    await this.drain();
    return answer;
  }
  async until(holds: () => boolean): Promise<void> {
    for (;;) {
      this.check();
      if (holds()) return;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }
  wake(): void {
    for (const go of this.waiting.splice(0)) go();
  }
  check(): void {
    if (this.failure !== undefined) throw this.failure;
  }
  fail(error: Error): void {
    this.failure ??= error;
    this.greeting?.destroy();
    this.stream?.destroy();
    this.wake();
  }
  close(): void {
    this.closed = true;
    clearInterval(this.pinger);
    this.options.signal.removeEventListener('abort', this.onAbort);
    this.greeting?.destroy();
    this.stream?.destroy();
  }
}

export const toRefusal = ({ code, facts }: Refused): Refusal =>
  isErrorCode(code) ? new Refusal(code, facts) : new Refusal('BadInput', { what: String(facts['what'] ?? code) });
