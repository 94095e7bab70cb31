import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ArmedPlan } from '../../contract/armed';
import { replaceDurably } from '../durable';

/** What this agent knows of the plans of one endpoint. */
export interface Armed {
  plan?: ArmedPlan;
  /** Plans up to this epoch are used or taken back, for ever. */
  spent: number;
  /** Who was given the right to carry out the plan of this epoch: nobody else ever is. */
  granted?: { epoch: number; by: string };
}

/** The plan of each endpoint and what became of those before, on disk before anybody is told. */
export class ArmedBook {
  private readonly known = new Map<string, Armed>();

  constructor(private readonly stateDir: string) {}

  of(target: string): Armed {
    const known = this.known.get(target) ?? this.read(target);
    this.known.set(target, known);
    return known;
  }

  hold(target: string, plan: ArmedPlan): void {
    this.write(target, { ...this.of(target), plan });
  }

  grant(target: string, epoch: number, by: string): void {
    this.write(target, { ...this.of(target), granted: { epoch, by } });
  }

  /** The plan of this epoch, and any before, is not used any more. */
  spend(target: string, epoch: number): void {
    const { plan, ...now } = this.of(target);
    const spent = Math.max(now.spent, epoch);
    this.write(target, { ...now, spent, ...(plan && plan.epoch > spent && { plan }) });
  }

  private write(target: string, armed: Armed): void {
    replaceDurably(this.file(target), JSON.stringify(armed));
    this.known.set(target, armed);
  }

  private read(target: string): Armed {
    try {
      return JSON.parse(readFileSync(this.file(target), 'utf8')) as Armed;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { spent: 0 };
      throw error; // a plan that was used must not look new
    }
  }

  private file(target: string): string {
    const name = createHash('sha256').update(target).digest('hex').slice(0, 32);
    return join(this.stateDir, 'armed', `${name}.json`);
  }
}
