import { dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import { Refusal } from '../../contract/errors';
import { Applier } from './apply';
import { Begun } from './begun';
import { birthOf, bootId, itemBirth, storeId } from './identity';
import type { Incoming, TakeOver } from './incoming';
import { isPlainName, nameToBytes, terminated } from './names';
import { openRoot } from './places';
import type { MoverConfig } from './protocol';
import { toRefused } from './refused';
import { servedItems } from './served';
import { close, must, syncfs } from './sys';
import { sameToken } from './trust';
import { FrameBuffer, KIND, OP, OP_HEAD, VERSION, frame, jsonFrame } from './wire';
import type { Answer, Hello, Welcome } from './wire';
import { writingKey, type Claim } from './writers';

/** What a guest has of the place it is in. */
export interface Hall {
  config: MoverConfig;
  takeOver: TakeOver;
  log(event: string, facts?: { [key: string]: unknown }): void;
  /** Resolves when this guest alone, or with the others of its session, may write. */
  enter(guest: number, claim: Claim): Promise<void>;
  /** It writes that item no longer. */
  left(guest: number): void;
  /** Its connection is gone. */
  gone(guest: number): void;
}

const HELLO_WITHIN_MS = 10_000;

/** One incoming connection: carries out what a sender says, item after item. */
export class Guest {
  private applier: Applier | undefined;
  private root = -1;
  private item: Buffer = Buffer.alloc(0);
  private incoming: Incoming | undefined;
  private stream: Duplex;
  private busy: Promise<void> | undefined;
  private readonly late: NodeJS.Timeout;
  private begun: OpenMark | undefined;
  private writes = false;
  private ended = false;

  constructor(
    private readonly hall: Hall,
    private readonly id: number,
    fd: number,
    private readonly from: string,
  ) {
    const frames = new FrameBuffer((kind, sequence, payload) => this.take(kind, sequence, payload));
    const sink = { buffer: () => frames.buffer(), took: (bytes: number) => this.guard(() => frames.took(bytes)) };
    this.stream = this.listenTo(
      hall.takeOver(fd, sink, (incoming) => {
        this.incoming = incoming;
        this.stream = this.listenTo(incoming.stream);
      }),
    );
    if (this.incoming !== undefined) this.stream = this.incoming.stream;
    this.late = setTimeout(() => this.end(), HELLO_WITHIN_MS);
  }

  private listenTo(stream: Duplex): Duplex {
    stream.once('close', () => this.end());
    stream.on('error', () => this.end());
    stream.once('end', () => this.end());
    return stream;
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
      return this.welcome(JSON.parse(payload.toString('utf8')) as Hello);
    }
    if (this.applier === undefined)
      throw new Refusal('Unauthenticated', { why: 'a bulk connection begins with a hello' });
    if (kind !== KIND.BATCH) throw new Error(`frame of kind ${kind}`);
    const answer = this.applier.apply(payload);
    if (isSync(payload)) return this.sync(sequence, answer, payload[1] === 1);
    this.ack(sequence, answer);
    return undefined;
  }

  private async sync(sequence: number, answer: Answer, quick: boolean): Promise<void> {
    if (!quick) must(await syncfs(this.root), 'syncfs');
    const name = terminated(this.item);
    this.begun?.settle(birthOf(this.root, name));
    this.ack(sequence, { ...answer, itemBirth: itemBirth(this.root, name) });
  }

  private ack(sequence: number, answer: Answer): void {
    const head = Buffer.alloc(4);
    head.writeUInt32LE(this.applier?.ownersNotSet ?? 0, 0);
    const more = Object.keys(answer).length > 0 ? Buffer.from(JSON.stringify(answer)) : Buffer.alloc(0);
    if (!this.ended) this.stream.write(frame(KIND.ACK, sequence, Buffer.concat([head, more])));
  }

  private async welcome(hello: Hello): Promise<void> {
    clearTimeout(this.late);
    const { config } = this.hall;
    this.recognise(hello);
    this.item = nameToBytes(hello.item);
    if (!isPlainName(this.item))
      throw new Refusal('BadInput', { what: `"${hello.item}" is no name of a storage item` });
    this.root = openRoot(hello.root, config.roots, config.name);
    const { session, lane, lease } = hello;
    this.writes = true;
    await this.hall.enter(this.id, { key: writingKey(hello.root, hello.item), session, lane, lease });
    if (this.ended) return;
    const privileged = process.geteuid?.() === 0;
    const name = terminated(this.item);
    this.begun = this.ownItem(hello, birthOf(this.root, name));
    this.applier = new Applier(this.root, this.item, privileged, () => this.begun?.open());
    const welcome: Welcome = {
      host: config.name,
      storeId: storeId(config.stateDir, hello.root, this.root),
      bootId: bootId(),
      privileged,
      uid: process.geteuid?.() ?? 0,
      gid: process.getegid?.() ?? 0,
      itemBirth: itemBirth(this.root, name),
    };
    this.stream.write(jsonFrame(KIND.WELCOME, welcome));
  }

  /** What no copy of ours brought, or what is served by now, is nobody's to overwrite. */
  private ownItem({ root, item }: Hello, birth: string): OpenMark {
    const { stateDir } = this.hall.config;
    const marks = new Begun(stateDir, root);
    if (birth !== '' && (!marks.isOurs(item, birth) || servedItems(dirname(stateDir), root).includes(item)))
      throw new Refusal('ItemsThere', { to: root, count: 1, first: item });
    return new OpenMark(marks, item);
  }

  /** Is it an agent of this fleet, the one that it says, and of our version? */
  private recognise({ token, host, version }: Hello): void {
    const { name, trust } = this.hall.config;
    const { proven, name: certified } = this.incoming ?? { proven: false };
    if (!proven && !sameToken(token, trust.token)) {
      const why = trust.tls === undefined ? 'the token on the bulk port is wrong' : "the certificate is no agent's";
      throw new Refusal('Unauthenticated', { why });
    }
    if (proven && certified !== host)
      throw new Refusal('Unauthenticated', { why: `the certificate of ${certified} does not speak for ${host}` });
    if (version !== VERSION)
      throw new Refusal('WrongVersion', { host: name, theirs: `bulk ${version}`, ours: `bulk ${VERSION}` });
  }

  private refuse(error: unknown): void {
    const known = toRefused(error, this.hall.config.name);
    this.hall.log('bulk connection refused', { from: this.from, code: known.code, why: String(error) });
    if (!this.ended) this.stream.end(jsonFrame(KIND.REFUSE, known));
    this.end(false);
  }

  end(destroy = true): void {
    if (destroy) this.stream.destroy();
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.late);
    const done = () => {
      this.leave();
      this.hall.gone(this.id);
    };
    if (this.busy === undefined) done();
    else void this.busy.then(done);
  }

  /** It writes that item no longer. */
  private leave(): void {
    this.applier?.close();
    this.applier = undefined;
    if (this.root >= 0) close(this.root);
    this.root = -1;
    if (this.writes) this.hall.left(this.id);
    this.writes = false;
  }
}

/** The mark of the item that a guest writes: open from the first moment at which the item may get another birth until it is synced. */
class OpenMark {
  private isOpen: boolean;
  constructor(
    private readonly marks: Begun,
    private readonly item: string,
  ) {
    this.isOpen = marks.markOf(item) === '';
  }
  open(): void {
    if (!this.isOpen) this.marks.mark(this.item, '');
    this.isOpen = true;
  }
  settle(birth: string): void {
    if (this.isOpen) this.marks.mark(this.item, birth);
    this.isOpen = false;
  }
}

/** SYNC comes alone: it is the first op of its batch. */
const isSync = (ops: Buffer): boolean => ops.length >= OP_HEAD && ops[0] === OP.SYNC;
