import type { Client } from '@temporalio/client';
import type { LiveFleet } from '../fleet/live';
import type { AgentClient } from '../agent/client';
import { armingActivities } from './arming';
import { controlActivities } from './control';
import { copyActivities } from './copy';
import { filesActivities } from './files';
import { fleetActivities } from './fleet';
import { endpointActivities } from './endpoints';
import { loadActivities } from './load';
import { proxyActivities } from './proxies';
import { roleActivities } from './role';
import { trafficActivities } from './traffic';
import { watchActivities } from './watch';
import { guarded } from './supervise';

/** What activities are given by their worker. */
export interface Hands {
  /** The fleet file as it is now: it is read again when it changed. */
  fleet: LiveFleet;
  agent: (host: string) => AgentClient;
  temporal: Client;
  /** What a fleet on loopback shares; elsewhere certificates are used. */
  token?: string;
}

/** Every activity: a verb, a host, a heartbeat. No decisions. */
export const createActivities = (hands: Hands) =>
  guarded({
    ...fleetActivities(hands),
    ...filesActivities(hands),
    ...copyActivities(hands),
    ...loadActivities(hands),
    ...endpointActivities(hands),
    ...proxyActivities(hands),
    ...roleActivities(hands),
    ...trafficActivities(hands),
    ...watchActivities(hands),
    ...armingActivities(hands),
    ...controlActivities(hands),
  });

export type Activities = ReturnType<typeof createActivities>;
