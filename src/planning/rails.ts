import { Refusal, whyOf } from '../contract/errors';

/** What the fleet file allows, as data. */
export interface Rails {
  maxConcurrency: number;
  maxErrors: number;
  minHealthy: number;
  paused: readonly string[];
  freeze: false | string;
}
export interface HostFacts {
  host: string;
  /** Undefined when it answers; the reason when it does not. */
  silent?: string;
}

/** Why nothing that needs these hosts may act now, or nothing. */
export function barredBy(rails: Rails, needed: readonly string[]): string | undefined {
  try {
    mayAct(rails, [], needed);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return whyOf(error);
    throw error;
  }
}

/** May anything act at all? Refuses a frozen fleet, paused hosts, silent hosts that are needed, and a fleet too sick to touch. */
export function mayAct(rails: Rails, fleet: readonly HostFacts[], needed: readonly string[]): void {
  if (rails.freeze !== false) throw new Refusal('FleetFrozen', { why: rails.freeze });
  const paused = needed.find((host) => rails.paused.includes(host));
  if (paused !== undefined) throw new Refusal('HostPaused', { host: paused });
  const healthy = fleet.filter((host) => host.silent === undefined).length;
  const least = Math.ceil(fleet.length * rails.minHealthy);
  if (healthy < least) throw new Refusal('TooSick', { healthy, total: fleet.length, needed: least });
  const silent = fleet.find(({ host, silent: why }) => why !== undefined && needed.includes(host));
  if (silent) throw new Refusal('HostSilent', { host: silent.host, why: silent.silent ?? '' });
}
