import { whyOf } from '../contract/errors';
import { createAgentClient, type AgentClient } from '../agent/client';
import type { Fleet } from '../contract/fleet';
import type { ObjectEntry } from '../contract/objects';
import type { Outlook } from '../contract/outlook';
import { objectPicture } from '../planning/picture/objectPicture';
import { thinned } from '../planning/picture/thinned';
import type { FleetLook } from './fleetView';
import type { ObjectView } from './objectView';

/** Between two looks at an object, ms: its source is a database or a Prometheus that has other things to do. */
const usuallyKeptMs = 30_000;
/** Whoever asks first waits so long for the first look; a slow source does not hold up the rest. */
const firstWaitMs = 1_500;
const dayMs = 86_400_000;
const drawnMs = 2 * dayMs;
/** Outlooks from so long ago tell what was expected a day before the drawn time begins. */
const recalledMs = 3 * dayMs;
const mostPoints = 600;

type Seen = Omit<ObjectView, 'object' | 'host' | 'autonomy' | 'min' | 'max'>;

/** What is known of an object. */
interface Known {
  seen?: Seen;
  outlooks: Outlook[];
  lookedAtMs: number;
  looking?: Promise<void>;
}

/** Asks the agents for the objects of the fleet, each at most every half a minute; one that is silent is told in words. */
export function objectsLook(how: FleetLook, keptMs = usuallyKeptMs): () => Promise<ObjectView[]> {
  const known = new Map<string, Known>();
  return async () => {
    const fleet = how.fleet();
    const entries = Object.entries(fleet.objects);
    for (const object of known.keys()) if (!Object.hasOwn(fleet.objects, object)) known.delete(object);
    const first = entries.flatMap(([object, entry]) => {
      const here = known.get(object) ?? { outlooks: [], lookedAtMs: 0 };
      known.set(object, here);
      if (!here.looking && Date.now() - here.lookedAtMs >= keptMs) lookAgain(here, fleet, object, entry, how.token);
      const { looking } = here;
      return here.seen || !looking ? [] : [looking];
    });
    if (first.length > 0) await Promise.race([Promise.all(first), late()]);
    return entries.map(([object, { host, autonomy, min, max }]) => ({
      ...{ object, host, autonomy, min, max },
      ...(known.get(object)?.seen ?? { unit: 'units', trouble: 'it is being looked at' }),
    }));
  };
}

const late = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, firstWaitMs).unref());

function lookAgain(known: Known, { hosts, tls }: Fleet, object: string, entry: ObjectEntry, token?: string): void {
  const { host } = entry;
  const url = hosts[host]!.agent;
  const client = createAgentClient({ host, url, ...(token !== undefined && { token }), ...(tls && { tls }) });
  known.looking = look(known, object, entry, client.load)
    .catch((error: unknown) => {
      known.seen = { ...(known.seen ?? { unit: 'units' }), trouble: whyOf(error) };
    })
    .finally(() => {
      client.close();
      known.lookedAtMs = Date.now();
      delete known.looking;
    });
}

/** What cannot be told is told so, and what was known of it stays. */
async function look(known: Known, object: string, entry: ObjectEntry, load: AgentClient['load']): Promise<void> {
  const { step: stepMs, resize, targetUse } = entry;
  const nowMs = Date.now();
  const troubles: string[] = [];
  const tried = async <T>(act: Promise<T>): Promise<T | undefined> =>
    act.catch((error: unknown) => void troubles.push(whyOf(error)));
  const sinceMs = known.outlooks.at(-1)?.atMs ?? nowMs - recalledMs;
  const [series, size, recalled] = await Promise.all([
    tried(load.readSeries({ object, fromMs: nowMs - drawnMs, toMs: nowMs, stepMs })),
    resize && tried(load.readSize({ object })),
    tried(load.recallOutlooks({ object, sinceMs, steps: Math.ceil(dayMs / stepMs) })),
  ]);
  if (recalled) known.outlooks = merged(known.outlooks, recalled.outlooks, nowMs - recalledMs);
  const last = known.outlooks.at(-1);
  const unit = targetUse === undefined ? {} : { unit: 'share in use' };
  const picture =
    series &&
    objectPicture({
      ...{ object, history: series, outlooks: known.outlooks, ...unit },
      ...(last && { forecast: last.forecast }),
    });
  const before = known.seen;
  known.seen = {
    unit: size?.unit ?? before?.unit ?? 'units',
    ...(size ? { size: size.size } : sizeOf(last)),
    ...(last && saidIn(last)),
    ...(picture ? { picture: thinned(picture, mostPoints) } : before?.picture && { picture: before.picture }),
    ...(series ? { lookedAt: new Date(nowMs).toISOString() } : before?.lookedAt && { lookedAt: before.lookedAt }),
    ...(troubles.length > 0 && { trouble: [...new Set(troubles)].join('; ') }),
  };
}

const sizeOf = (last: Outlook | undefined): Pick<Seen, 'size'> =>
  typeof last?.size === 'number' ? { size: last.size } : {};

const saidIn = ({ atMs, forecast, decision }: Outlook): Partial<Seen> => ({
  ...{ model: forecast.model, why: forecast.why, saidAt: new Date(atMs).toISOString() },
  ...(forecast.ratio !== undefined && { ratio: forecast.ratio }),
  ...(forecast.caution !== undefined && { caution: forecast.caution }),
  ...(decision && { decision }),
});

/** One of the same moment is replaced. */
function merged(before: readonly Outlook[], news: readonly Outlook[], sinceMs: number): Outlook[] {
  const all = new Map([...before, ...news].map((outlook) => [outlook.atMs, outlook]));
  return [...all.values()].filter(({ atMs }) => atMs >= sinceMs).toSorted((a, b) => a.atMs - b.atMs);
}
