import { setTimeout as delay } from 'node:timers/promises';
import { capabilities, type CapabilityName } from '../contract/capabilities';
import { isErrorCode, Refusal } from '../contract/errors';
import type { JobContext, JobView, Operation } from '../contract/operations';
import type { CapabilityOf } from '../drivers/host';
import { retold, type Told } from './failure';
import { Transport, type AgentAddress, type Answer, type Asking } from './transport';

export type AgentClient = { [N in CapabilityName]: CapabilityOf<N> } & { close(): void };

/** The reason of an abort by which a caller only lets go: the job goes on, and whoever comes next attaches to it. */
export class Detach extends Error {
  override readonly name = 'Detach';
}

export interface ClientOptions extends AgentAddress {
  /** How long one poll waits for news, ms. */
  pollMs?: number;
  /** How long the calls of a job are repeated while the connection is broken, ms. */
  patienceMs?: number;
}

const answerMs = 30_000;
/** The agent answers a DELETE after 20 s at the latest. */
const cancelMs = 30_000;

/** The capabilities of a host, each of the type that its driver has. */
export function createAgentClient(options: ClientOptions): AgentClient {
  const transport = new Transport(options);
  const calls = Object.entries(capabilities).map(([capability, operations]) => [
    capability,
    Object.fromEntries(
      Object.entries<Operation>(operations).map(([name, { kind }]) => {
        const path = `/v1/${capability}/${name}`;
        if (kind !== 'job') return [name, (input: unknown) => call(transport, options, path, input)];
        return [
          name,
          (input: unknown, job: JobContext<unknown>) => new JobCall(transport, options, path, job).run(input),
        ];
      }),
    ),
  ]);
  return { ...(Object.fromEntries(calls) as AgentClient), close: () => transport.close() };
}

async function call(transport: Transport, address: AgentAddress, path: string, input: unknown): Promise<unknown> {
  return expect(await transport.ask({ method: 'POST', path, body: input, timeoutMs: answerMs }), address);
}

function expect(answer: Answer, { host, url }: AgentAddress): unknown {
  if (answer.status < 300) return answer.body;
  const told = answer.body as Partial<Told> | null;
  if (!isErrorCode(told?.code) && answer.status >= 502) {
    throw new Refusal('AgentUnreachable', { host, url, why: `it answered ${answer.status}: it stops, or starts` });
  }
  throw retold(
    { code: told?.code ?? String(answer.status), message: told?.message ?? '', facts: told?.facts ?? {} },
    host,
  );
}

/** One job as its caller sees it: start or attach, follow, and on abort stop it and wait until it has ended. */
class JobCall {
  private readonly url: string;

  constructor(
    private readonly transport: Transport,
    private readonly options: ClientOptions,
    private readonly path: string,
    private readonly job: JobContext<unknown>,
  ) {
    this.url = `/v1/jobs/${encodeURIComponent(job.id)}`;
  }

  async run(input: unknown): Promise<unknown> {
    const { signal, id } = this.job;
    if (signal.aborted) return this.stop();
    // Not aborted half-way: a PUT that may have arrived could not be stopped for certain.
    const path = `${this.path}/jobs/${encodeURIComponent(id)}`;
    let view = await this.ask({ method: 'PUT', path, body: input, timeoutMs: answerMs });
    while (view.state === 'running') {
      if (view.progress !== undefined) this.job.report(view.progress);
      const next = await this.poll(view.revision);
      if (!next) return this.stop();
      view = next;
    }
    return this.outcome(view);
  }

  /** The next news, or nothing when the caller gave up. */
  private async poll(after: number): Promise<JobView | undefined> {
    const { signal } = this.job;
    const waitMs = this.options.pollMs ?? 20_000;
    const path = `${this.url}?after=${after}&waitMs=${waitMs}`;
    try {
      return await this.ask({ method: 'GET', path, timeoutMs: waitMs + 5_000, signal });
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  }

  private async stop(): Promise<unknown> {
    if (this.job.signal.reason instanceof Detach) throw this.job.signal.reason;
    for (let times = 0; times < 30; times++) {
      const view = await this.ask({ method: 'DELETE', path: this.url, timeoutMs: cancelMs }).catch((error: unknown) => {
        if (error instanceof Refusal && error.code === 'JobLost') throw this.cancelled(error);
        throw error;
      });
      if (view.state === 'done') return view.output;
      if (view.state !== 'running') throw this.cancelled();
    }
    throw new Refusal('StillStopping', { what: `job ${this.job.id}`, host: this.options.host });
  }

  private outcome({ state, output, error }: JobView): unknown {
    if (state === 'done') return output;
    throw error ? retold(error, this.options.host) : this.cancelled();
  }

  private cancelled(cause?: unknown): Refusal {
    return new Refusal('JobCancelled', { job: this.job.id }, { cause });
  }

  /** All calls of a job may be repeated: a short break of the connection, or a restart of the agent, is waited out. */
  private async ask(asking: Asking): Promise<JobView> {
    const giveUpAt = Date.now() + (this.options.patienceMs ?? 5_000);
    for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 1_000)) {
      try {
        return expect(await this.transport.ask(asking), this.options) as JobView;
      } catch (error) {
        const broken = error instanceof Refusal && error.code === 'AgentUnreachable';
        if (!broken || asking.signal?.aborted || Date.now() + waitMs > giveUpAt) throw error;
        await delay(waitMs, undefined, { signal: asking.signal }).catch(() => undefined); // an abort is seen by the next attempt
      }
    }
  }
}
