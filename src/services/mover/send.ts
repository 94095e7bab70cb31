import type { Duplex } from 'node:stream';
import { randomUUID } from 'node:crypto';
import type { CopyInput, Sent } from '../../contract/capabilities/copy';
import type { Store } from '../../contract/capabilities/files';
import { Refusal } from '../../contract/errors';
import type { Lease, Progress } from '../../contract/operations';
import type { Bucket } from './bucket';
import type { CatalogStore, ItemCatalog } from './catalog';
import { Claims } from './claims';
import { Failures } from './failures';
import { Filter } from './filters';
import { Watch, leaveChanges } from './sendChanges';
import type { Changes } from './changes';
import { sendFolder, sendItem } from './sendFolder';
import type { Journal } from './journal';
import { Lane, Window, type Greeting } from './lane';
import { sendLate } from './sendLate';
import { LinkList } from './linkList';
import { sendLinks } from './sendLinks';
import { sendPieces } from './sendPieces';
import { bytesToName, itemName, join, terminated } from './names';
import { nothingSent, type SentCounts } from '../../planning/ingestion/sent';
import { Work, type Pass, type Task } from './pass';
import { openRoot } from './places';
import { Rate } from './rate';
import { Stat } from './stat';
import { close } from './sys';
import { OP, VERSION, type Welcome } from './wire';

export type SendInput = CopyInput<'send'>;

/** What a job of the mover is given. */
export interface Job {
  id: string;
  signal: AbortSignal;
  report(progress: Progress): void;
}

export interface Sender {
  name: string;
  roots: readonly string[];
  stateDir: string;
  token: string | undefined;
  catalogs: CatalogStore;
  bucket: Bucket;
  journal: Journal;
  /** When the last clean pass of each catalog began, by the journal's clock. */
  marks: Map<number, number>;
  dial(host: string): Promise<Duplex>;
  /** Returns when nobody writes on this host under that lease any more. */
  quiet(lease: Lease): Promise<void>;
  /** Does something to an item of this host while nobody else writes it. */
  alone(what: { root: string; item: string; lease: Lease }, act: () => void): Promise<void>;
}

export const storeKey = (store: Store): string => `${store.fsvm}:${store.root}`;

/** Brings items of another store up to date with this one. First pass, delta and resume are the same: the catalog tells what the target has. */
export async function send(sender: Sender, input: SendInput, job: Job): Promise<Sent> {
  const began = performance.now();
  const counts = nothingSent();
  const rate = new Rate(
    (progress) => job.report(progress),
    () => ({ done: counts.bytes, doneFiles: counts.files + counts.unchanged }),
  );
  const root = openRoot(input.from.root, sender.roots, sender.name);
  const watch = new Watch(sender.journal, root);
  const team = teams(sender, input, job, counts);
  const items = input.items.values(); // the teams share it: each item is taken once
  const all: { lanes: Lane[]; work: Promise<void> }[] = [];
  let failure: Error | undefined;
  const stopAll = (error: Error) => {
    failure ??= error;
    for (const lane of all.flatMap(({ lanes }) => lanes)) lane.fail(error);
  };
  const workOff = async (lanes: Lane[]) => {
    for (const item of items) {
      rate.note = item;
      const since = performance.now();
      await sendOne({ sender, input, job, root, watch, counts }, item, lanes);
      counts.items++;
      if (performance.now() - since < QUICK_MS && all.length < ABREAST && failure === undefined) start();
    }
  };
  const start = () => {
    const lanes = team();
    all.push({ lanes, work: workOff(lanes).catch(stopAll) });
  };
  try {
    start();
    for (const { work } of all) await work; // it grows meanwhile
    if (failure !== undefined) throw failure;
  } finally {
    for (const lane of all.flatMap(({ lanes }) => lanes)) lane.close();
    close(root);
    rate.stop();
  }
  return { ...counts, durationMs: Math.round(performance.now() - began) };
}

/** What the items of a job share. */
interface Order {
  sender: Sender;
  input: SendInput;
  job: Job;
  /** Descriptor of the source's store. */
  root: number;
  watch: Watch;
  counts: SentCounts;
}

async function sendOne(order: Order, item: string, lanes: Lane[]): Promise<void> {
  const { sender, input, job, root, watch, counts } = order;
  const bytes = itemName(item);
  if (new Stat().at(root, terminated(bytes)) < 0) {
    throw new Refusal('NotFound', { what: `storage item ${item}`, host: sender.name });
  }
  const catalog = sender.catalogs.item(storeKey(input.from), storeKey(input.to), item);
  const hello = helloOf(sender, input, job, bytes);
  const first = lanes[0] as Lane;
  try {
    const welcome = await first.carry(hello);
    const wasClean = catalog.state.clean;
    const reconcile = await trustCatalog(catalog, welcome);
    await Promise.all(lanes.slice(1).map((lane) => lane.carry(hello)));
    const pass = newPass(input, root, bytes, catalog, counts, reconcile, welcome);
    await pass.links.clear();
    const changes = watch.now();
    await run(pass, lanes, changed(sender, input, catalog, wasClean, changes, bytes));
    await complete(pass, first, input);
    if (catalog.state.clean && changes !== undefined) sender.marks.set(catalog.state.number, changes.until);
  } finally {
    await catalog.settled();
  }
}

const helloOf = (sender: Sender, input: SendInput, job: Job, item: Buffer): Greeting => ({
  version: VERSION,
  token: sender.token,
  host: sender.name,
  session: `${job.id}/${randomUUID()}`,
  lease: input.lease,
  root: input.to.root,
  item: bytesToName(item),
});

/** Items of a job that may be under way at once: while one waits for the receiver or for a disk, the next one goes on. */
const ABREAST = 4;
/** An item that took less has waited more than it has worked. Larger ones fill a link alone, and better than several do. */
const QUICK_MS = 100;

/** Makes teams: the connections that carry one item after the other. */
function teams(sender: Sender, input: SendInput, job: Job, counts: SentCounts): () => Lane[] {
  const options = {
    window: new Window(),
    dial: () => sender.dial(input.to.host),
    job: job.id,
    bucket: sender.bucket,
    signal: job.signal,
    peer: input.to.host,
    onSent: () => undefined,
    onAnswer: (ownersNotSet: number) => void (counts.ownersNotSet += ownersNotSet),
  };
  return () => Array.from({ length: input.lanes }, (_, number) => new Lane({ ...options, number }));
}

/** Is the target what the catalog says it is? If not, the catalog is worth nothing. True when the target may hold unknown entries. */
async function trustCatalog(catalog: ItemCatalog, welcome: Welcome): Promise<boolean> {
  const { state } = catalog;
  const isNew = catalog.record(0, 0, 0) === undefined;
  const same =
    state.storeId === welcome.storeId &&
    (state.durable || state.bootId === welcome.bootId) &&
    (isNew || (state.itemBirth === '' ? welcome.itemBirth !== '' : state.itemBirth === welcome.itemBirth));
  if (!same) {
    if (!isNew) await catalog.drop();
    state.reconcile = welcome.itemBirth !== '';
  }
  Object.assign(state, {
    storeId: welcome.storeId,
    bootId: welcome.bootId,
    durable: false,
    clean: false,
    pass: state.pass + 1,
  });
  catalog.save();
  return state.reconcile;
}

function newPass(
  input: SendInput,
  root: number,
  item: Buffer,
  catalog: ItemCatalog,
  counts: SentCounts,
  reconcile: boolean,
  welcome: Welcome,
): Pass {
  return {
    root,
    item,
    catalog,
    claims: new Claims(catalog),
    links: new LinkList(catalog),
    failures: new Failures(catalog),
    filter: Filter.of(input.filters, item),
    counts,
    work: new Work(),
    paranoid: input.paranoid,
    reconcile,
    privileged: welcome.privileged,
    late: new Set(),
    passed: new Set(),
    journaled: false,
    named: new Set(),
    unsettled: false,
    replaced: false,
  };
}

/** The directories that changed since the last clean pass; undefined when everything must be looked at. */
function changed(
  { marks }: Sender,
  input: SendInput,
  { state }: ItemCatalog,
  wasClean: boolean,
  changes: Changes | undefined,
  item: Buffer,
): Buffer[] | undefined {
  if (!wasClean || input.paranoid || input.lookAtAll === true || state.filters !== filtersOf(input)) return undefined;
  return changes?.since(marks.get(state.number), item);
}
const filtersOf = ({ filters }: SendInput): string => JSON.stringify([filters.include, filters.exclude]);

/** A file with several names may have changed under another one than the journal tells, and a directory may have taken another's place: then everything is looked at after all. */
async function run(pass: Pass, lanes: Lane[], changes: Buffer[] | undefined): Promise<void> {
  if (changes !== undefined) {
    pass.journaled = true;
    leaveChanges(pass, lanes[0] as Lane, changes);
    await walkThrough(pass, lanes);
    if (!pass.claims.touched && !pass.replaced) return;
    pass.journaled = false;
  }
  await walkThrough(pass, lanes);
}

async function walkThrough(pass: Pass, lanes: Lane[]): Promise<void> {
  const first = lanes[0] as Lane;
  await pass.catalog.settled();
  await sendItem(pass, first);
  await pass.work.run(lanes, (lane, task) => one(pass, lane, task));
  for (const lane of lanes) await lane.drain();
  await sendLinks(pass, first);
  await pass.links.clear();
  await sendLate(pass, first);
}

function one(pass: Pass, lane: Lane, task: Task): Promise<void> {
  const { frame, index } = task;
  if (frame.kind === 'files') return sendPieces(pass, lane, task);
  const start = frame.names.starts[index] ?? 0;
  const name = frame.names.bytes.subarray(start, frame.names.end(start));
  return sendFolder(pass, lane, { path: join(frame.at.path, name), id: frame.ids[index] ?? 0, level: 0, part: 0 });
}

async function complete(pass: Pass, lane: Lane, input: SendInput): Promise<void> {
  const { catalog, counts } = pass;
  const { fsync } = input;
  const { state } = catalog;
  await lane.drain();
  lane.current.close(lane.current.open(OP.SYNC, pass.item, 0, 0, fsync ? 0 : 1));
  const answer = await lane.ask();
  pass.failures.strikeOld();
  counts.failed += pass.failures.count;
  counts.linksAcrossItems += await pass.claims.acrossItems();
  Object.assign(state, {
    durable: fsync,
    clean: pass.failures.count === 0 && !pass.unsettled,
    filters: filtersOf(input),
    reconcile: pass.reconcile && pass.failures.count > 0,
    itemBirth: answer.itemBirth ?? '',
  });
  catalog.save();
}
