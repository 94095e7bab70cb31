import { Refusal } from '../contract/errors';
import { decide } from '../planning/provisioning/decide';
import { outlookAt, pastOutlooks } from '../planning/provisioning/outlooks';
import { policyDefaults, type Outlook, type ProvisioningPolicy, type Situation } from '../planning/provisioning/policy';
import type { Series } from '../planning/forecast/series';
import { count, number, seriesOf, type Request } from './lineFields';

/** Objects that are provisioned line by line. */
export interface Provisionings {
  init: (request: Request) => object;
  step: (request: Request) => object;
}

/** An object between two lines. */
interface Provisioned {
  policy: ProvisioningPolicy;
  series: Series & { values: (number | null)[] };
  /** Steps from one forecast to the next, and how far each looks. */
  every: number;
  horizon: number;
  outlooks: Outlook[];
  lately: Situation['lately'][number][];
}

const forecastEveryMs = 3_600_000;
const rememberedMs = 60 * 3_600_000;

export function provisionings(): Provisionings {
  const objects = new Map<unknown, Provisioned>();
  return {
    init: (request) => {
      objects.set(request['id'], begin(request));
      return { id: request['id'], ok: true };
    },
    step: (request) => {
      const object = objects.get(request['id']);
      if (!object) throw new Refusal('BadInput', { what: 'a "step" comes after the "init" of its id' });
      const observed = request['observed'];
      object.series.values.push(typeof observed === 'number' ? observed : null);
      return { id: request['id'], ...next(object, number(request, 'current')) };
    },
  };
}

function begin(request: Request): Provisioned {
  const series = seriesOf(request, 'history');
  const policy: ProvisioningPolicy = {
    ...policyDefaults,
    unit: number(request, 'unit'),
    min: number(request, 'min'),
    max: number(request, 'max'),
    leadSteps: count(request, 'delay'),
    slo: number(request, 'slo'),
  };
  const { stepMs, values } = series;
  const every = Math.max(1, Math.round(forecastEveryMs / stepMs));
  const horizon = every + policy.leadSteps + policy.holdSteps;
  const from = values.length + 1 - Math.round(rememberedMs / stepMs);
  const outlooks = pastOutlooks(series, { from, to: values.length + 1, every, horizon });
  return { policy, series: { ...series, values: [...values] }, every, horizon, outlooks, lately: [] };
}

function next(object: Provisioned, current: number): object {
  const { policy, series, every, horizon, outlooks, lately } = object;
  const { startMs, stepMs, values } = series;
  const nowMs = startMs + values.length * stepMs;
  const newest = outlooks.at(-1);
  if (!newest || nowMs - newest.startMs >= every * stepMs) {
    const outlook = outlookAt(series, values.length, horizon);
    if (outlook) outlooks.push(outlook);
    while (outlooks[0] && outlooks[0].startMs < nowMs - rememberedMs) outlooks.shift();
  }
  const decision = decide({ policy, stepMs, startMs, observed: values, nowMs, outlooks, current, lately });
  lately.push(decision);
  if (lately.length > 86_400_000 / stepMs) lately.shift();
  const { desired, reason, rule, bounds } = decision;
  return { desired, reason, rule, bounds };
}
