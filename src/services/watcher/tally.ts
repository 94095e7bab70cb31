import type { Sight } from '../../contract/sights';

/** What an answer tells, beside that it came. */
export type Answered = Pick<Sight, 'tookMs' | 'why' | 'role' | 'receiving' | 'good'> & {
  says: 'answers' | 'late' | 'failing';
};

/** What is seen of one thing so far. Each method answers whether a verdict could rest on what has changed. */
export class Tally {
  sight: Sight | undefined;
  private process: Sight['process'];
  private hasAnswered = false;

  constructor(
    private readonly mostMisses: number,
    private readonly now: () => number = Date.now,
  ) {}

  get isSilent(): boolean {
    return (this.sight?.misses ?? 0) >= this.mostMisses;
  }

  /** An answer, however late and whatever it says, ends the row of misses. An error says nothing of the role: the last one stands. */
  answered(answer: Answered): boolean {
    this.hasAnswered = true;
    const { role = this.sight?.role, good = answer.says === 'failing' ? this.sight?.good : undefined } = answer;
    return this.set({ ...answer, ...(role && { role }), ...(good && { good }), misses: 0 });
  }

  /** What was known of its role stays: a dead primary was the primary. */
  missed(says: 'silent' | 'refused' | 'unreachable', why: string): boolean {
    const { role, good, misses = 0 } = this.sight ?? {};
    const never = !this.hasAnswered && { never: true as const };
    return this.set({ says, why, ...(role && { role }), ...(good && { good }), ...never, misses: misses + 1 });
  }

  /** Of its process. Before it was asked for the first time there is no sight, and nothing to tell. */
  processIs(process: NonNullable<Sight['process']>): boolean {
    if (this.process === process) return false;
    this.process = process;
    if (!this.sight) return false;
    this.sight = { ...this.sight, process };
    return true;
  }

  private set(next: Omit<Sight, 'sinceMs'>): boolean {
    const before = this.sight;
    const same = before?.says === next.says;
    this.sight = {
      ...next,
      sinceMs: same ? before.sinceMs : this.now(),
      ...(this.process && { process: this.process }),
    };
    const reached = next.misses >= this.mostMisses && (before?.misses ?? 0) < this.mostMisses;
    return !same || reached || before.role !== next.role || before.receiving !== next.receiving;
  }
}
