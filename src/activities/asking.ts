import { whyOf } from '../contract/errors';
import type { Asked } from '../planning/failover/facts';

/** What answers is waited for so long when its clients wait, and when somebody has to watch on, ms; what else is needed up to the longest. */
export const patience = { shortMs: 200, fairMs: 700, longMs: 2_500 };

/** Questions to many hosts of which some may be gone. */
export class Asking {
  /** Who was asked, by how the question is given up. */
  private readonly open = new Map<(why: string) => void, string>();
  private answered = () => {};

  /** What comes in time is kept; a question that is given up is kept as the reason, and its late answer is dropped. */
  put<T extends object>(host: string, question: Promise<T>, keep: (answer: Asked<T>) => void): void {
    const settle = (answer: Asked<T>) => {
      if (!this.open.delete(giveUp)) return;
      keep(answer);
      this.answered();
    };
    const giveUp = (silent: string) => settle({ silent });
    this.open.set(giveUp, host);
    question.then(settle, (error: unknown) => giveUp(whyOf(error)));
  }

  /** Until all have answered; or, after a short while, until enough have; or until a longer one is over. Who is `gone` is not waited for at all. */
  async answers(
    suffice: () => boolean,
    gone: (host: string) => boolean = () => false,
    shortMs = patience.shortMs,
  ): Promise<void> {
    const begun = Date.now();
    let timers: NodeJS.Timeout[] = [];
    await new Promise<void>((resolve) => {
      this.answered = () => {
        const took = Date.now() - begun;
        const allThere = [...this.open.values()].every(gone);
        if (this.open.size === 0 || took >= patience.longMs || ((took >= shortMs || allThere) && suffice())) resolve();
      };
      timers = [shortMs, patience.longMs].map((ms) => setTimeout(this.answered, ms + 1));
      this.answered();
    });
    timers.forEach(clearTimeout);
    const tookMs = Date.now() - begun;
    for (const giveUp of [...this.open.keys()]) giveUp(`no answer within ${tookMs} ms`);
  }
}
