import { setTimeout as pause } from 'node:timers/promises';
import { formatDuration } from '../../contract/amounts';
import { mostPoints, type LoadInput } from '../../contract/capabilities/load';
import { Refusal } from '../../contract/errors';
import type { ObjectEntry } from '../../contract/objects';
import { meant } from '../../fleet/nearest';
import type { CapabilityOf, Host, Running } from '../host';
import { OutlookBook } from './outlookBook';
import type { LoadTables, Order, Resizer, ResizerOf, Source, SourceOf, Span } from './object';

type Load = CapabilityOf<'load'>;

/** Bounds that tests make shorter. */
export interface Bounds {
  /** A caller gives up after 30 s: everything asked has an end before that, ms. */
  deadlineMs?: number;
  /** How long a new size may take until the thing itself says it, ms, where its driver knows nothing else. */
  settleMs?: number;
}

const lookEveryMs = 100;

/** The objects of this host: each has a source of its load and a way to resize it, as this host's fleet file says. */
export function objects(
  host: Host,
  tables: LoadTables,
  { deadlineMs = 25_000, settleMs = 5_000 }: Bounds = {},
): Running<Load> {
  const within = <T>(what: string, work: (signal: AbortSignal) => Promise<T>) => ended(what, host, deadlineMs, work);
  const turns = new Map<string, Promise<unknown>>();
  const book = new OutlookBook(host.stateDir);
  const driver: Load = {
    readSeries: async (input) => {
      const source = await sourceOf(host, tables, input.object);
      return within(source.what, (signal) => readSeries(source, spanOf(input), signal));
    },
    readSize: async ({ object }) => {
      const { min, max } = entryOf(host, object);
      const resizer = await resizerOf(host, tables, object);
      const size = await within(resizer.what, (signal) => resizer.read(signal));
      return { size, min, max, unit: resizer.unit };
    },
    resize: async (input) => {
      const resizer = await resizerOf(host, tables, input.object);
      refuseBadSize(entryOf(host, input.object), resizer, input);
      const before = turns.get(input.object) ?? Promise.resolve();
      const mine = before.then(() =>
        within(resizer.what, (signal) => resize({ host, settleMs, ...resizer }, input, signal)),
      );
      const over = mine.catch(() => undefined); // whoever asked gets the error; the next one has its turn all the same
      turns.set(input.object, over);
      return mine;
    },
    publishOutlook: async ({ object, outlook }) => {
      entryOf(host, object);
      book.publish(object, outlook);
      return {};
    },
    recallOutlooks: async ({ object, sinceMs, steps }) => {
      entryOf(host, object);
      return { outlooks: book.recall(object, sinceMs, steps) };
    },
  };
  return { driver, stop: async () => void (await Promise.all(turns.values())) };
}

function entryOf(host: Host, object: string): ObjectEntry {
  const entry = Object.hasOwn(host.objects, object) ? host.objects[object] : undefined;
  if (!entry)
    throw new Refusal('UnknownObject', {
      name: object,
      host: host.name,
      near: meant(object, Object.keys(host.objects)),
    });
  return entry;
}

async function sourceOf(host: Host, { sources }: LoadTables, object: string): Promise<Source> {
  const { series } = entryOf(host, object);
  const factory = (await sources[series.from]?.()) as SourceOf<typeof series.from> | undefined;
  if (!factory) throw new Refusal('NotPermitted', { what: series.from, why: `${host.name} has no driver for it` });
  return factory(series, { object, host });
}

async function resizerOf(host: Host, { resizers }: LoadTables, object: string): Promise<Resizer> {
  const { resize: config } = entryOf(host, object);
  if (!config)
    throw new Refusal('NotPermitted', { what: `resize of ${object}`, why: 'the fleet file does not say how' });
  const factory = (await resizers[config.by]?.()) as ResizerOf<typeof config.by> | undefined;
  if (!factory) throw new Refusal('NotPermitted', { what: config.by, why: `${host.name} has no driver for it` });
  return factory(config, { object, host });
}

/** The whole steps within the time asked for, as far as they have ended: half a step would look like half the load. */
function spanOf({ object, fromMs, toMs, stepMs }: LoadInput<'readSeries'>): Span {
  const startMs = Math.floor(fromMs / stepMs) * stepMs;
  const steps = Math.floor((Math.min(toMs, Date.now()) - startMs) / stepMs);
  if (!(steps >= 1))
    throw new Refusal('BadInput', { what: `no step of ${formatDuration(stepMs)} ends in the time asked for` });
  if (steps > mostPoints)
    throw new Refusal('TooMany', {
      what: `the series of ${object}`,
      count: `${steps} points`,
      limit: mostPoints,
      advice: 'ask for less time, or a longer step',
    });
  return { startMs, stepMs, steps };
}

async function readSeries(source: Source, span: Span, signal: AbortSignal): ReturnType<Load['readSeries']> {
  const values = await source.read(span, signal);
  if (values.every((value) => value === null)) {
    const at = (step: number) => new Date(span.startMs + step * span.stepMs).toISOString();
    throw new Refusal('NoSeries', { what: source.what, from: at(0), to: at(span.steps) });
  }
  return { startMs: span.startMs, stepMs: span.stepMs, values, source: source.what };
}

function refuseBadSize(
  { min, max }: ObjectEntry,
  { unit, grain }: Resizer,
  { object, size }: LoadInput<'resize'>,
): void {
  if (!Number.isFinite(size)) throw new Refusal('BadInput', { what: `${size} is no size for ${object}` });
  if (size < min || size > max) throw new Refusal('OutsideBounds', { object, size, unit, min, max });
  if (grain === 1 && !Number.isInteger(size))
    throw new Refusal('BadInput', { what: `${object} has whole ${unit}, and ${size} is none` });
}

/** Looks, does the least, and looks again. */
async function resize(
  resizer: Resizer & { host: Host; settleMs: number },
  { object, size, lease, because }: LoadInput<'resize'>,
  signal: AbortSignal,
): ReturnType<Load['resize']> {
  const { unit, host } = resizer;
  const was = await resizer.read(signal);
  if (isSame(resizer, was, size)) return { size: was, was, changed: false, unit };
  const order: Order = { size, was, lease, because };
  await resizer.write(order, signal);
  host.log('resized', { object, size, was, because, epoch: lease.epoch });
  if (!resizer.tells) return { size: null, was, changed: true, unit };
  const now = await settled(resizer, size, signal);
  if (!isSame(resizer, now, size))
    throw new Refusal('NotResized', { object, wanted: size, unit, size: now ?? 'no one size', host: host.name });
  return { size: now, was, changed: true, unit };
}

const isSame = ({ grain }: Resizer, now: number | null, size: number): boolean =>
  now !== null && Math.abs(now - size) < grain;

async function settled(
  resizer: Resizer & { settleMs: number },
  size: number,
  signal: AbortSignal,
): Promise<number | null> {
  const giveUpAt = Date.now() + resizer.settleMs;
  for (;;) {
    const now = await resizer.read(signal);
    if (isSame(resizer, now, size) || Date.now() > giveUpAt) return now;
    await pause(lookEveryMs, undefined, { signal });
  }
}

/** An end for everything: what does not hear of the signal is let go all the same. */
async function ended<T>(
  what: string,
  host: Host,
  deadlineMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  const why = `nothing came within ${deadlineMs / 1000} s`;
  const late = new Refusal('NoAnswer', { what, why, host: host.name });
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(late);
      end.abort(late);
    }, deadlineMs);
  });
  try {
    return await Promise.race([work(end.signal), over]);
  } finally {
    clearTimeout(timer);
  }
}
