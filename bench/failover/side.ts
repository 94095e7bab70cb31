import { Endings } from '../../src/laboratory/endings';
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
  ) {
    endings.add(() => this.close());
  }

  async use<R>(work: (site: T, endings: Endings) => Promise<R>): Promise<R> {
    try {
      const { site, endings } = (this.parts ??= await this.raise());
      return await work(site, endings);
    } catch (error) {
      await this.close();
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
