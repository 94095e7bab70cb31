import { availableParallelism } from 'node:os';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Refusal } from '../../contract/errors';
import type { Lease } from '../../contract/operations';
import { isLoopback } from '../../contract/loopback';
import { toFailed } from './failed';
import { descriptorOf } from '../tcp';
import type { FromReceiver, MoverConfig, ToReceiver } from './protocol';
import { dup, must } from './sys';
import { Writers, writingKey } from './writers';

export interface DoorOptions {
  config: MoverConfig;
  log(event: string, facts?: { [key: string]: unknown }): void;
  hold(lease: Lease, newerCame: () => void): Promise<{ release(): void }>;
  /** A receiver has died: nothing that it did can be trusted to be told. */
  broken(error: unknown): void;
}

const MOST_RECEIVERS = 4; // beyond that the file system's own locks are the bound
const PATIENCE_MS = 20_000;

/** What a receiver makes lives as long as a batch. */
const youngSpace = { maxYoungGenerationSizeMb: 16 };

/** A thread that carries out what guests send. */
interface Receiver {
  thread: Worker;
  guests: Set<number>;
}

/** Takes bulk connections and gives each to the receiver with the fewest. */
export class Door {
  private readonly receivers: Receiver[] = [];
  private readonly writers: Writers;
  private guests = 0;

  /** Where it listens. */
  port = 0;

  private constructor(private readonly options: DoorOptions) {
    const { config } = options;
    this.writers = new Writers({
      host: config.name,
      hold: (lease) => options.hold(lease, () => this.writers.endAll(lease)),
      end: (guest) => this.tell(guest, { end: guest }),
      patienceMs: PATIENCE_MS,
    });
  }

  static open(options: DoorOptions): Promise<Door> {
    const door = new Door(options);
    const { bulk } = options.config;
    const server = net.createServer({ pauseOnConnect: true }, (socket) => door.take(socket));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: bulk.address, port: bulk.port }, () => {
        door.port = (server.address() as net.AddressInfo).port;
        resolve(door);
      });
    });
  }

  /** Does something to an item while no guest writes it: those who do are ended first. */
  async alone({ root, item, lease }: { root: string; item: string; lease: Lease }, act: () => void): Promise<void> {
    const self = ++this.guests;
    try {
      await this.writers.enter(self, { key: writingKey(root, item), session: `alone/${self}`, lane: 0, lease });
      act();
    } finally {
      this.writers.gone(self);
    }
  }

  /** Without certificates only this machine is spoken to. */
  private take(socket: net.Socket): void {
    socket.on('error', () => undefined); // 'close' follows
    const { remoteAddress, localAddress } = socket;
    const local = isLoopback(remoteAddress) && isLoopback(localAddress);
    const fd = descriptorOf(socket);
    if (fd !== undefined && (local || this.options.config.trust.tls !== undefined)) {
      const guest = ++this.guests;
      const receiver = this.leastBusy();
      receiver.guests.add(guest);
      receiver.thread.postMessage({
        take: guest,
        fd: must(dup(fd), 'dup'),
        from: remoteAddress ?? '',
      } satisfies ToReceiver);
    }
    socket.destroy(); // the receiver has a descriptor of its own
  }

  private leastBusy(): Receiver {
    const most = Math.min(MOST_RECEIVERS, availableParallelism());
    const least = this.receivers.toSorted((a, b) => a.guests.size - b.guests.size)[0];
    if (least !== undefined && (least.guests.size === 0 || this.receivers.length >= most)) return least;
    const { config } = this.options;
    const thread = new Worker(join(__dirname, 'receiver.js'), { workerData: config, resourceLimits: youngSpace });
    const receiver: Receiver = { thread, guests: new Set() };
    thread.on('message', (message: FromReceiver) => this.hear(receiver, message));
    thread.once('error', (error) => this.options.broken(error));
    this.receivers.push(receiver);
    return receiver;
  }

  private tell(guest: number, message: ToReceiver): void {
    this.receivers.find(({ guests }) => guests.has(guest))?.thread.postMessage(message);
  }

  private hear(receiver: Receiver, message: FromReceiver): void {
    if ('enter' in message) void this.enter(message.enter, message.claim);
    else if ('left' in message) this.writers.left(message.left);
    else if ('gone' in message) {
      this.writers.gone(message.gone);
      receiver.guests.delete(message.gone);
    } else this.options.log(message.log, message.facts);
  }

  /**
   * Nobody writes under that lease any more, nor is about to: connections that its senders left behind, with what is still
   * unread in them, are gone. Those that have not said yet who they are, say it or go.
   */
  async quiet(lease: Lease): Promise<void> {
    await wait(5); // connections that are made already are taken
    const newest = this.guests; // who comes later is sent by somebody who knows of this
    const told = new Set<number>();
    for (const until = performance.now() + PATIENCE_MS; ; await wait(5)) {
      const there = this.receivers.flatMap(({ guests }) => [...guests]).filter((guest) => guest <= newest);
      const stay = there.filter((guest) => (this.writers.targetOf(guest) ?? lease.target) === lease.target);
      if (stay.length === 0) return;
      if (performance.now() > until)
        throw new Refusal('StillStopping', { what: 'what was being stored', host: this.options.config.name });
      for (const guest of stay) {
        if (told.has(guest) || this.writers.targetOf(guest) === undefined) continue;
        told.add(guest);
        this.tell(guest, { end: guest });
      }
    }
  }

  private async enter(guest: number, claim: Parameters<Writers['enter']>[1]): Promise<void> {
    try {
      await this.writers.enter(guest, claim);
      this.tell(guest, { entered: guest });
    } catch (error) {
      this.tell(guest, { entered: guest, failed: toFailed(error, this.options.config.name) });
    }
  }
}
