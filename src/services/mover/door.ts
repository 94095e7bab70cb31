import { dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import { Refusal } from '../../contract/errors';
import { Applier } from './apply';
import { bootId, itemBirth, isBegun, markBegun, storeId } from './identity';
import { isPlainName, nameToBytes, terminated } from './names';
import { openRoot } from './places';
import { servedItems } from './served';
import { E, SystemError, close, must, syncfs } from './sys';
import { listen, sameToken, type Incoming, type Trust } from './trust';
import { FrameBuffer, KIND, OP, OP_HEAD, VERSION, frame, jsonFrame } from './wire';
import type { Answer, Hello, Refused, Welcome } from './wire';

export interface DoorConfig {
  name: string;
  roots: readonly string[];
  stateDir: string;
  bulk: { address: string; port: number };
  trust: Trust;
  log(event: string, facts?: { [key: string]: unknown }): void;
}

/** Who writes each item now: a newer session ends the older one, so that two never write at once. */
const writers = new Map<string, { session: string; epoch: number; lanes: Set<Guest> }>();

const HELLO_WITHIN_MS = 10_000;

export function openDoor(config: DoorConfig): Promise<{ port: number; close(): void }> {
  return listen(config.bulk, config.trust, (incoming) => void new Guest(incoming, config));
}

/** One incoming connection. */
class Guest {
  private applier: Applier | undefined;
  private root = -1;
  private item: Buffer = Buffer.alloc(0);
  private readonly stream: Duplex;
  private busy: Promise<void> | undefined;
  private readonly late: NodeJS.Timeout;
  private key = '';
  private ended = false;

  constructor(
    private readonly incoming: Incoming,
    private readonly config: DoorConfig,
  ) {
    this.late = setTimeout(() => this.end(), HELLO_WITHIN_MS);
    const frames = new FrameBuffer((kind, sequence, payload) => this.take(kind, sequence, payload));
    this.stream = incoming.read({
      buffer: () => frames.buffer(),
      took: (bytes) => this.guard(() => frames.took(bytes)),
    });
    this.stream.once('close', () => this.end());
    this.stream.on('error', () => this.end());
    this.stream.once('end', () => this.end());
  }

  private guard(act: () => void): void {
    if (this.ended) return;
    try {
      act();
    } catch (error) {
      this.refuse(error);
    }
  }

  /** Frames are handled one after the other, those that come while we wait for the disk too. */
  private take(kind: number, sequence: number, payload: Buffer): void {
    if (this.busy === undefined) {
      const later = this.handle(kind, sequence, payload);
      if (later !== undefined) this.wait(later);
      return;
    }
    const copy = Buffer.from(payload);
    this.wait(this.busy.then(() => this.handle(kind, sequence, copy)));
  }

  private wait(work: Promise<void>): void {
    const mine: Promise<void> = work
      .catch((error: unknown) => this.refuse(error))
      .then(() => {
        if (this.busy === mine) this.busy = undefined;
      });
    this.busy = mine;
  }

  private handle(kind: number, sequence: number, payload: Buffer): Promise<void> | undefined {
    if (this.ended) return undefined;
    if (kind === KIND.PING) {
      this.stream.write(frame(KIND.PONG, sequence));
      return undefined;
    }
    if (kind === KIND.HELLO) {
      this.leave();
      this.welcome(JSON.parse(payload.toString('utf8')) as Hello);
      return undefined;
    }
    if (this.applier === undefined)
      throw new Refusal('Unauthenticated', { why: 'a bulk connection begins with a hello' });
    if (kind !== KIND.BATCH) throw new Error(`frame of kind ${kind}`);
    const answer = this.applier.apply(payload);
    if (endsWithSync(payload)) return this.sync(sequence, answer, payload[1] === 1);
    this.ack(sequence, answer);
    return undefined;
  }

  private async sync(sequence: number, answer: Answer, quick: boolean): Promise<void> {
    if (!quick) must(await syncfs(this.root), 'syncfs');
    this.ack(sequence, { ...answer, itemBirth: itemBirth(this.root, terminated(this.item)) });
  }

  private ack(sequence: number, answer: Answer): void {
    const head = Buffer.alloc(4);
    head.writeUInt32LE(this.applier?.ownersNotSet ?? 0, 0);
    const more = Object.keys(answer).length > 0 ? Buffer.from(JSON.stringify(answer)) : Buffer.alloc(0);
    if (!this.ended) this.stream.write(frame(KIND.ACK, sequence, Buffer.concat([head, more])));
  }

  private welcome(hello: Hello): void {
    clearTimeout(this.late);
    const { config } = this;
    if (!this.incoming.proven && !sameToken(hello.token, config.trust.token)) {
      const why =
        config.trust.tls === undefined ? 'the token on the bulk port is wrong' : "the certificate is no agent's";
      throw new Refusal('Unauthenticated', { why });
    }
    if (this.incoming.proven && this.incoming.name !== hello.host)
      throw new Refusal('Unauthenticated', {
        why: `the certificate of ${this.incoming.name} does not speak for ${hello.host}`,
      });
    if (hello.version !== VERSION) {
      throw new Refusal('WrongVersion', {
        host: config.name,
        theirs: `bulk ${hello.version}`,
        ours: `bulk ${VERSION}`,
      });
    }
    this.item = nameToBytes(hello.item);
    if (!isPlainName(this.item))
      throw new Refusal('BadInput', { what: `"${hello.item}" is no name of a storage item` });
    this.root = openRoot(hello.root, config.roots, config.name);
    this.takeOver(hello);
    const privileged = process.geteuid?.() === 0;
    this.applier = new Applier(this.root, this.item, privileged);
    const birth = itemBirth(this.root, terminated(this.item));
    if (birth === '') markBegun(config.stateDir, hello.root, hello.item);
    // What no copy of ours brought, or what is served by now, is nobody's to overwrite.
    else if (
      !isBegun(config.stateDir, hello.root, hello.item) ||
      servedItems(dirname(config.stateDir), hello.root).includes(hello.item)
    )
      throw new Refusal('ItemsThere', { to: hello.root, count: 1, first: hello.item });
    const welcome: Welcome = {
      host: config.name,
      storeId: storeId(config.stateDir, hello.root, this.root),
      bootId: bootId(),
      privileged,
      uid: process.geteuid?.() ?? 0,
      gid: process.getegid?.() ?? 0,
      itemBirth: birth,
    };
    this.stream.write(jsonFrame(KIND.WELCOME, welcome));
  }

  private takeOver(hello: Hello): void {
    this.key = `${hello.root}\0${hello.item}`;
    const before = writers.get(this.key);
    if (before !== undefined && hello.epoch < before.epoch) {
      throw new Refusal('StaleEpoch', {
        target: hello.item,
        known: before.epoch,
        host: this.config.name,
        given: hello.epoch,
      });
    }
    if (before !== undefined && before.session !== hello.session) for (const guest of before.lanes) guest.end();
    const lanes = before?.session === hello.session ? before.lanes : new Set<Guest>();
    lanes.add(this);
    writers.set(this.key, { session: hello.session, epoch: hello.epoch, lanes });
  }

  private refuse(error: unknown): void {
    const known = toRefused(error, this.config.name);
    this.config.log('bulk connection refused', { from: this.incoming.from, code: known.code, why: String(error) });
    if (!this.ended) this.stream.end(jsonFrame(KIND.REFUSE, known));
    this.end(false);
  }

  end(destroy = true): void {
    if (destroy) this.stream.destroy();
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.late);
    writers.get(this.key)?.lanes.delete(this);
    if (this.busy === undefined) this.leave();
    else void this.busy.then(() => this.leave());
  }

  /** It writes that item no longer. */
  private leave(): void {
    writers.get(this.key)?.lanes.delete(this);
    this.applier?.close();
    this.applier = undefined;
    if (this.root >= 0) close(this.root);
    this.root = -1;
  }
}

/** SYNC comes alone: it is the first op of its batch. */
const endsWithSync = (ops: Buffer): boolean => ops.length >= OP_HEAD && ops[0] === OP.SYNC;

export function toRefused(error: unknown, host: string): Refused {
  if (error instanceof Refusal) return { code: error.code, facts: error.facts };
  if (error instanceof SystemError) {
    if (error.code === E.ENOSPC || error.code === E.EDQUOT)
      return { code: 'DiskFull', facts: { path: 'the store', host } };
    return { code: 'NotPermitted', facts: { what: `the store on ${host}`, why: error.message } };
  }
  return { code: 'BadInput', facts: { what: error instanceof Error ? error.message : String(error) } };
}
