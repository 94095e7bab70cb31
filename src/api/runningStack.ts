import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stateDir } from '../stack/places';

/** What `evenkeel up` left running here, as far as a client needs it. */
export interface RunningStack {
  temporal?: string;
  webUi?: string;
}

/** Undefined when no stack was started here. Whether it still runs is told by whoever knocks. */
export async function runningStack(): Promise<RunningStack | undefined> {
  try {
    return JSON.parse(await readFile(join(stateDir(), 'stack.json'), 'utf8')) as RunningStack;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
