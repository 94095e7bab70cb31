import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outlook } from '../../contract/outlook';
import { replaceDurably } from '../durable';

/** How long an outlook is kept: the policy looks back 60 hours. */
const keptMs = 72 * 3_600_000;
/** And how many of one object. */
const mostKept = 500;

/** What was said of the objects of this host in the last days, a file for each. */
export class OutlookBook {
  private readonly known = new Map<string, Outlook[]>();

  constructor(private readonly stateDir: string) {}

  publish(object: string, outlook: Outlook): void {
    const others = this.of(object).filter(({ atMs }) => atMs !== outlook.atMs && atMs > outlook.atMs - keptMs);
    const all = [...others, outlook].toSorted((a, b) => a.atMs - b.atMs).slice(-mostKept);
    replaceDurably(this.file(object), JSON.stringify(all));
    this.known.set(object, all);
  }

  /** Oldest first: `steps` steps of each, and all of the newest. */
  recall(object: string, sinceMs: number, steps: number): Outlook[] {
    const all = this.of(object).filter(({ atMs }) => atMs >= sinceMs);
    return all.map((outlook, place) => (place === all.length - 1 ? outlook : cut(outlook, steps)));
  }

  private of(object: string): Outlook[] {
    const known = this.known.get(object) ?? this.read(object);
    this.known.set(object, known);
    return known;
  }
  private read(object: string): Outlook[] {
    try {
      return JSON.parse(readFileSync(this.file(object), 'utf8')) as Outlook[];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }
  private file(object: string): string {
    const name = createHash('sha256').update(object).digest('hex').slice(0, 32);
    return join(this.stateDir, 'outlooks', `${name}.json`);
  }
}

function cut(outlook: Outlook, steps: number): Outlook {
  const { forecast } = outlook;
  const first = (values: number[]) => values.slice(0, steps);
  const bands = forecast.bands.map(({ level, lower, upper }) => ({ level, lower: first(lower), upper: first(upper) }));
  return { ...outlook, forecast: { ...forecast, mean: first(forecast.mean), bands } };
}
