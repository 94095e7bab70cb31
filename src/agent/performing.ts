import { z } from 'zod';
import { Refusal } from '../contract/errors';
import type { CapabilityName } from '../contract/capabilities';
import type { JobContext } from '../contract/operations';
import type { Running } from '../drivers/host';
import { findOperation, leaseOf, title } from './capabilityTable';
import type { Epochs } from './epochs';
import type { JobOperation, StoppableJob } from './jobs';

/** Calls the driver of an operation: input was validated, output is. Jobs come with their context. */
export type Perform = (operation: JobOperation, input: Record<string, unknown>, job?: StoppableJob) => Promise<unknown>;

type Driver = Record<string, (input: unknown, job?: JobContext<unknown>) => Promise<unknown>>;

/** What starts the driver of each capability that this host has. */
export type Starters = Partial<Record<CapabilityName, () => Promise<Running<unknown>>>>;

/** The drivers of a host: each starts when it is first needed. */
export class RunningDrivers {
  private readonly started = new Map<string, Promise<Running<unknown>>>();

  constructor(
    private readonly host: string,
    private readonly starters: Starters,
  ) {}

  get names(): string[] {
    return Object.keys(this.starters);
  }

  async of(capability: string): Promise<Driver> {
    const start = this.starters[capability as CapabilityName];
    if (!start) throw new Refusal('NoSuchCapability', { host: this.host, capability });
    const running = this.started.get(capability) ?? start();
    this.started.set(capability, running);
    try {
      return (await running).driver as Driver;
    } catch (error) {
      this.started.delete(capability); // the next call tries again
      throw error;
    }
  }

  /** Whoever waits for news of a driver gets an answer. */
  letGo(): void {
    for (const running of this.started.values())
      running.then(
        ({ letGo }) => letGo?.(),
        () => undefined, // it never started: nobody waits for it
      );
  }

  async stop(): Promise<void> {
    const ends = [...this.started.values()].map(async (running) => (await running).stop());
    await Promise.allSettled(ends);
  }
}

/** Every call goes through its lease: the epoch is on disk, and older work has ended, before the driver hears of it. */
export function performing(host: string, drivers: RunningDrivers, epochs: Epochs): Perform {
  return async ({ capability, name }, input, job) => {
    const operation = findOperation({ capability, name });
    const driver = await drivers.of(capability);
    const method = driver[name];
    if (!operation || !method) throw new Refusal('NotFound', { what: title({ capability, name }), host });
    const lease = leaseOf(input);
    const context = job && { id: job.id, signal: job.signal, report: (progress: unknown) => job.report(progress) };
    const work = async () => {
      job?.signal.throwIfAborted();
      return checked(operation.output, await method(input, context), title({ capability, name }));
    };
    return lease ? epochs.hold(lease, (why) => job?.stop(why), work) : work();
  };
}

function checked(output: z.ZodType, answer: unknown, what: string): unknown {
  const read = output.safeParse(answer);
  if (read.success) return read.data;
  const why = z.prettifyError(read.error).replaceAll(/\s+/g, ' ');
  throw new Error(`${what} answered something else than the contract says: ${why}`, { cause: read.error });
}
