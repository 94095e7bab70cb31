import type { LoadInput } from '../contract/capabilities/load';
import type { Outlook, SaidForecast } from '../contract/outlook';
import { said } from '../planning/forecast/said';
import { forecast } from '../planning/forecast/forecast';
import type { Series } from '../planning/forecast/series';
import { termsOf, type Terms } from '../planning/provisioning/terms';
import { Refusal } from '../contract/errors';
import type { ObjectEntry } from '../contract/objects';
import { meant } from '../fleet/nearest';
import type { CapabilityOf } from '../drivers/host';
import type { Hands } from '.';
import { beating } from './supervise';

type Load = CapabilityOf<'load'>;
type Answer<N extends keyof Load> = Awaited<ReturnType<Load[N]>>;

/** What the fleet file says of an object, without where its load comes from and how it is resized: no secret and no address. */
export interface ObjectFacts extends Terms {
  host: string;
  autonomy: ObjectEntry['autonomy'];
  from: ObjectEntry['series']['from'];
  /** How it is resized; left out, nobody can. */
  by?: NonNullable<ObjectEntry['resize']>['by'];
}

export const loadActivities = ({ fleet, agent }: Hands) => ({
  /** What the fleet file says of an object. */
  async describeObject({ object }: { object: string }): Promise<ObjectFacts> {
    const { objects } = fleet.checked();
    const entry = Object.hasOwn(objects, object) ? objects[object] : undefined;
    if (!entry) throw new Refusal('UnknownObject', { name: object, near: meant(object, Object.keys(objects)) });
    return factsOf(object, entry);
  },

  /** The load of an object, one value a step; null where nothing was measured. */
  async readSeries({ host, ...asked }: LoadInput<'readSeries'> & { host: string }): Promise<Answer<'readSeries'>> {
    return beating(host, `Read the load of ${asked.object}`, () => agent(host).load.readSeries(asked));
  },

  async readSize({ host, object }: { host: string; object: string }): Promise<Answer<'readSize'>> {
    return beating(host, `Look at the size of ${object}`, () => agent(host).load.readSize({ object }));
  },

  /** Forecasts a load as far as each of `steps`; none without an observation. Not a decision: what is done about it is decided elsewhere; it is here so that the history keeps it. */
  async forecastLoad({ series, steps }: { series: Series; steps: number[] }): Promise<SaidForecast[]> {
    return steps.flatMap((horizon) => {
      const found = forecast({ series, horizon, levels: [80, 95] });
      return found ? [said(found)] : [];
    });
  },

  async recallOutlooks({ host, ...asked }: LoadInput<'recallOutlooks'> & { host: string }): Promise<Outlook[]> {
    return (await agent(host).load.recallOutlooks(asked)).outlooks;
  },

  /** Keeps what was said, for those who look and for the next run. */
  async publishOutlook({ host, ...order }: LoadInput<'publishOutlook'> & { host: string }): Promise<void> {
    await agent(host).load.publishOutlook(order);
  },

  /** Done once, however often it is asked; the answer is what the object itself says. */
  async resizeObject({ host, ...order }: LoadInput<'resize'> & { host: string }): Promise<Answer<'resize'>> {
    return beating(host, `Resize ${order.object} to ${order.size}`, () => agent(host).load.resize(order));
  },
});

function factsOf(name: string, entry: ObjectEntry): ObjectFacts {
  const { host, autonomy, series, resize } = entry;
  return { ...termsOf(name, entry), host, autonomy, from: series.from, ...(resize && { by: resize.by }) };
}
