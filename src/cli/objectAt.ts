import { createAgentClient, type AgentClient } from '../agent/client';
import { mostPoints } from '../contract/capabilities/load';
import { Refusal } from '../contract/errors';
import type { ObjectEntry } from '../contract/objects';
import { loadFleet } from '../fleet/load';
import { meant } from '../fleet/nearest';
import { ownToken } from '../stack/ownToken';

/** An object of the fleet file, and the agent that looks after it. */
export interface ObjectAt {
  object: string;
  entry: ObjectEntry;
  load: AgentClient['load'];
}

/** Finds an object in the fleet file and lets go of its agent afterwards, whatever happens. */
export async function withObject<T>(
  object: string,
  given: string | undefined,
  act: (found: ObjectAt) => Promise<T>,
): Promise<T> {
  const { objects, hosts, tls } = loadFleet(given).fleet;
  const entry = Object.hasOwn(objects, object) ? objects[object] : undefined;
  if (!entry) throw new Refusal('UnknownObject', { name: object, near: meant(object, Object.keys(objects)) });
  const { host } = entry;
  const url = hosts[host]!.agent;
  const token = ownToken('viewer');
  const client = createAgentClient({ host, url, ...(token !== undefined && { token }), ...(tls && { tls }) });
  try {
    return await act({ object, entry, load: client.load });
  } finally {
    client.close();
  }
}

/** The load of an object over the time before now, as far back as one answer may carry. */
export async function readHistory({ object, entry, load }: ObjectAt, backMs: number) {
  const { step: stepMs } = entry;
  const toMs = Date.now();
  const fromMs = Math.max(0, toMs - Math.min(backMs, (mostPoints - 1) * stepMs));
  return load.readSeries({ object, fromMs, toMs, stepMs });
}

/** Which objects there are, for whoever named none. */
export function objectsOf(given: string | undefined): string {
  const { fleet, file } = loadFleet(given);
  const names = Object.keys(fleet.objects);
  return names.length > 0 ? `the objects of ${file} are ${names.join(', ')}` : `${file} has no objects`;
}
