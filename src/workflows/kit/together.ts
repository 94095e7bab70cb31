import { patched } from '@temporalio/workflow';

/**
 * An outcome that is told only when the parts it came from have ended. A part that fails, or a stop, is heard of before the other
 * parts are done; what is undone then would be done again by them.
 */
export async function untilEnded<T>(parts: readonly Promise<unknown>[], outcome: Promise<T>): Promise<T> {
  try {
    return await outcome;
  } catch (error) {
    if (patched('a-step-ends-with-its-parts')) await Promise.allSettled(parts);
    throw error;
  }
}

/** Parts of one step that go on side by side: it fails with the first that fails, when all have ended. */
export const together = <T>(parts: readonly Promise<T>[]): Promise<T[]> => untilEnded(parts, Promise.all(parts));
