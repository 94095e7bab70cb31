import { Endings } from '../../src/laboratory/endings';
import { reasonOf } from '../rounds';
import type { Trial } from './trial';

/** Ours or a peer, in the cases of one family. */
export interface Side {
  name: string;
  /** Why it cannot be measured here. */
  why?: string;
  /** Breaks the thing of the case once, and puts everything right again. */
  run(fault: string): Promise<Trial>;
  /** Ends whatever it left standing. */
  close(): Promise<void>;
}

/** A site that is used again and again; one in which something failed is ended, and the next repetition gets a new one. */
export class Standing<T> {
  private parts: { endings: Endings; site: T } | undefined;

  constructor(
    endings: Endings,
    private readonly open: (endings: Endings) => Promise<T>,
    private readonly say: (line: string) => void,
  ) {
    endings.add(() => this.close());
  }

  /** `mend` puts everything right for the next one; where it cannot, the site is ended and what was measured still counts. */
  async use<R>(
    work: (site: T, endings: Endings) => Promise<R>,
    mend: (site: T, result: R) => Promise<void>,
  ): Promise<R> {
    const { site, endings } = (this.parts ??= await this.raise());
    const result = await this.orClose(() => work(site, endings));
    await this.orClose(() => mend(site, result)).catch((error: unknown) =>
      this.say(`  a new site, since this one could not be mended: ${reasonsOf(error)}`),
    );
    return result;
  }

  private async orClose<R>(work: () => Promise<R>): Promise<R> {
    try {
      return await work();
    } catch (error) {
      await this.close().catch((failure: unknown) => this.say(`  ${reasonsOf(failure)}`));
      throw error;
    }
  }

  async close(): Promise<void> {
    const parts = this.parts;
    this.parts = undefined;
    await parts?.endings.close();
  }

  private async raise(): Promise<{ endings: Endings; site: T }> {
    const endings = new Endings();
    try {
      return { endings, site: await this.open(endings) };
    } catch (error) {
      await endings.close();
      throw error;
    }
  }
}

/** An error with all that caused it. */
export function reasonsOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return cause === undefined ? reasonOf(error) : `${reasonOf(error)}: ${reasonsOf(cause)}`;
}
