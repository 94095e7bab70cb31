import { existsSync, readdirSync } from 'node:fs';
import { endProcesses } from './processes';
import { run } from './run';

const places = '/run/netns';

/** Namespaces carry the process that made them: those of one that was killed before it could clean up go now, with all that runs in them. */
export async function sweepLeftovers(): Promise<void> {
  for (const namespace of existsSync(places) ? readdirSync(places) : []) {
    const owner = /^ek(\d+)n\d+-/.exec(namespace)?.[1];
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue;
    try {
      await endProcesses(namespace);
      await run('ip', 'netns', 'delete', namespace);
    } catch (error) {
      // Two that start at once sweep the same.
      if (existsSync(`${places}/${namespace}`)) throw error;
    }
  }
}
