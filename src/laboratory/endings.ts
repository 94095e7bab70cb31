/** What must be undone at the end, however it comes: namespaces, mounts, processes, directories. */
export class Endings {
  private readonly all: (() => unknown)[] = [];

  add(end: () => unknown): void {
    this.all.push(end);
  }

  /** Undoes everything, the newest first, and throws what could not be undone only when all was tried. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const end of this.all.splice(0).toReversed()) {
      try {
        await end();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0)
      throw new AggregateError(failures, `not everything was cleaned up: ${failures.join('; ')}`);
  }

  /** A part of the work that is cleaned up before the rest. */
  async within<T>(work: (part: Endings) => Promise<T>): Promise<T> {
    const part = new Endings();
    this.add(() => part.close());
    try {
      return await work(part);
    } finally {
      await part.close();
    }
  }
}

/** Does the work and cleans up after it: when it is done, when it fails, and when somebody presses Ctrl-C. */
export async function cleanly<T>(work: (endings: Endings) => Promise<T>): Promise<T> {
  const endings = new Endings();
  const interrupted = (signal: NodeJS.Signals) => {
    // What is still under way may fail in its own way when its ground is taken from it: the rest is cleaned up all the same.
    process.on('uncaughtException', (error) => console.error(error));
    void endings
      .close()
      .catch((error: unknown) => console.error(error))
      .finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    return await work(endings);
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    await endings.close();
  }
}
