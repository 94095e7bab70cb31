import type { Forecast } from '../forecast/forecast';

/** How an object is provisioned. Steps are those of its load. */
export interface ProvisioningPolicy {
  /** Load that one unit carries. */
  unit: number;
  min: number;
  max: number;
  /** From a decision until it is in force. */
  leadSteps: number;
  /** From one decision to the next: so long a decision must do. */
  holdSteps: number;
  /** Share of steps in which the load may be above the capacity. */
  slo: number;
  /** At most this share of the capacity may be filled by the load of now, whatever the forecast says. */
  fullness: number;
  /** The same when there is no forecast to act on. */
  reactiveFullness: number;
  /** Down only to the largest wish of this many decisions. */
  downAfter: number;
  /** When they are used up, only upwards until midnight has passed: 24 hours back are counted. */
  mostChangesADay: number;
  /** Load older than this many steps is not acted on. */
  staleSteps: number;
}

/** Unit, bounds and lead time belong to the object; the rest has served well on nine real loads. */
export const policyDefaults = {
  holdSteps: 1,
  slo: 0.01,
  fullness: 0.95,
  reactiveFullness: 0.7,
  downAfter: 2,
  mostChangesADay: 100,
  staleSteps: 2,
} as const satisfies Partial<ProvisioningPolicy>;

/** What is remembered of a forecast: enough to hold it against what came. It needs the bands of 80 and 95 %. */
export type Outlook = Pick<Forecast, 'startMs' | 'mean' | 'bands'> & {
  caution?: string | undefined;
  /** Moments of the past at which it was tested. */
  origins?: number;
};

/** What a decision looks at. */
export interface Situation {
  policy: ProvisioningPolicy;
  stepMs: number;
  /** When the first observed step began. */
  startMs: number;
  /** A week or more of load, the step that just ended last; null where nothing was measured. */
  observed: readonly (number | null)[];
  /** The step that starts now; its load is not known. */
  nowMs: number;
  /** Forecasts of the last 60 hours, oldest first. */
  outlooks: readonly Outlook[];
  /** Units in force now. */
  current: number;
  /** Decisions made before, oldest first: what was wished then and what became of it. */
  lately: readonly { atMs: number; wish: number; desired: number }[];
}

/** A decision with everything that made it. */
export interface Decision {
  atMs: number;
  /** Units that the rule asked for, before the bounds of change. */
  wish: number;
  /** Units to set. */
  desired: number;
  rule: 'predictive' | 'reactive';
  /** One sentence. */
  reason: string;
  /** What of the 80 % band was added to the forecast; undefined where the upper end of the 95 % band was taken. */
  margin?: number;
  /** Bounds that changed the wish. */
  bounds: ('min' | 'max' | 'hold' | 'changes')[];
}
