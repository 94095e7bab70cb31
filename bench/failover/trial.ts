import { setTimeout as pause } from 'node:timers/promises';
import type { Clients, ClientsWish } from '../../src/laboratory/clients/clients';
import type { Endings } from '../../src/laboratory/endings';
import { judge } from '../../src/laboratory/history';
import { until } from '../../src/laboratory/until';

/** What one fault did to clients. */
export interface Trial {
  /** The longest time in which no client had a success, ms. */
  gapMs: number;
  /** False: nobody had a success again for as long as was waited, and `gapMs` is how long that was. */
  over: boolean;
  /** Clients that would wait for ever, and still waited after the time that counts as hanging. */
  hung: number;
  /** Writes that were acknowledged and are not in the table. */
  lost: number;
  /** Writes that were acknowledged by an old primary after the new one was promoted. */
  byOld: number;
  /** Writes of which their clients do not know whether they happened. */
  unknown: number;
  /** Addresses that moved though nothing was broken, or once too often; of proxies alone. */
  illegitimate?: number;
  /** What the report of the failover says of its phases, ms; of ours alone. */
  phases?: { what: string; afterMs: number }[];
}

/** One fault in one place, and the clients that see it. */
export interface Scenario {
  endings: Endings;
  start(endings: Endings, wish: Partial<ClientsWish>): Clients;
  /** Breaks something, and answers with the moment. */
  fault(): number | Promise<number>;
  /** What is in the table at the end. */
  present(): Promise<ReadonlyMap<string, number>>;
  /** Nobody waits longer for a success than that, ms. */
  windowMs: number;
  hungMs: number;
  /** The fault comes at a random moment within that. */
  offsetMs?: number;
}

/** Clients that give up a write after a second, and such that wait for its answer for as long as it takes. */
const hurried = { connections: 20, perSecond: 100, queryTimeoutMs: 1_000 };
const patient = { connections: 10, perSecond: 100 };
const enoughBefore = 100;
/** A phase of what the sides do every so often must not fall on the fault each time. */
const usualOffsetMs = 1_000;
/** Clients are served again when they wrote half of what they want to for so long. */
const servedMs = 1_000;

/** Lets clients write, breaks something, waits until they write again and nobody hangs, and judges what they were told. */
export async function tryOut({ endings, ...scenario }: Scenario): Promise<Trial> {
  return endings.within(async (part) => {
    const all = [hurried, patient].map((wish) => scenario.start(part, wish)) as [Clients, Clients];
    await until('the clients write', () => all.every((clients) => written(clients) > enoughBefore));
    await pause(Math.random() * (scenario.offsetMs ?? usualOffsetMs));
    const faultMs = await scenario.fault();
    await served(all, faultMs, scenario);
    const [log, patientLog] = await Promise.all(all.map((clients) => clients.stop()));
    const logs = [log!, patientLog!];
    const present = await scenario.present();
    const { gap, lost, acknowledgedByOld, unknown } = judge({ logs, present, faultMs });
    const { hung } = judge({ logs: [patientLog!], present, faultMs, hungAfterMs: scenario.hungMs });
    return {
      ...{ gapMs: gap.lengthMs, over: gap.over, hung: hung.length },
      ...{ lost: lost.length, byOld: acknowledgedByOld.length, unknown },
    };
  });
}

/** Until both kinds of clients are served and none waits from before; or as long as one may wait. */
async function served(
  [hurry, wait]: [Clients, Clients],
  faultMs: number,
  { windowMs, hungMs }: Pick<Scenario, 'windowMs' | 'hungMs'>,
): Promise<void> {
  let [sinceMs, before] = [now(), written(hurry)];
  for (;;) {
    await pause(50);
    const lateMs = now() - faultMs;
    const passedMs = now() - sinceMs;
    if (passedMs >= servedMs) {
      const well = written(hurry) - before >= (hurried.perSecond * passedMs) / 2_000;
      const waitsLong = (wait.counters?.oldestMs ?? 0) >= servedMs;
      if (well && (!waitsLong || lateMs >= hungMs)) return;
      [sinceMs, before] = [now(), written(hurry)];
    }
    if (lateMs >= Math.max(windowMs, hungMs)) return;
  }
}

const written = ({ counters }: Clients): number => counters?.acknowledged ?? 0;
const now = (): number => performance.timeOrigin + performance.now();
