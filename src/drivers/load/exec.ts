import { spawn } from 'node:child_process';
import { Refusal } from '../../contract/errors';
import type { Exec } from '../../contract/resizes';
import type { Order, Place, Resizer } from './object';

const mostOutput = 64 * 1024;

/** Commands of the fleet file, word by word and without a shell: one that resizes, one that prints the present size. */
export function exec({ set, read, timeoutSeconds, unit }: Exec, { object, host }: Place): Resizer {
  const run = (words: string[], signal: AbortSignal, order?: Order) =>
    command({ words, object, host: host.name, timeoutMs: timeoutSeconds * 1000, signal, ...(order && { order }) });
  return {
    what: `\`${read[0]}\` of ${object}`,
    unit,
    grain: 1e-9,
    tells: true,
    read: async (signal) => {
      const printed = (await run(read, signal)).trim();
      const size = printed === '' ? NaN : Number(printed);
      if (Number.isFinite(size)) return size;
      const why = `it printed ${JSON.stringify(printed.slice(0, 80))}, which is no size`;
      throw new Refusal('SaidNo', { what: `\`${read.join(' ')}\` on ${host.name}`, why, object });
    },
    write: async (order, signal) => {
      await run(
        set.map((word) => word.replaceAll('{size}', String(order.size))),
        signal,
        order,
      );
    },
  };
}

interface Command {
  words: string[];
  object: string;
  host: string;
  timeoutMs: number;
  signal: AbortSignal;
  order?: Order;
}

/** What it printed. It leads a process group, so that nothing of it is left when it takes too long. */
function command({ words, object, host, timeoutMs, signal, order }: Command): Promise<string> {
  const [file = '', ...rest] = words;
  const what = `\`${words.join(' ')}\` on ${host}`;
  return new Promise((resolve, reject) => {
    const child = spawn(file, rest, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment(object, order),
    });
    let stdout = '';
    let stderr = '';
    let late = false;
    const give = () => {
      late = true;
      if (child.pid !== undefined) killGroup(child.pid);
    };
    const timer = setTimeout(give, timeoutMs);
    signal.addEventListener('abort', give, { once: true });
    child.stdout.on('data', (chunk: Buffer) => (stdout = (stdout + chunk.toString()).slice(0, mostOutput)));
    child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-mostOutput)));
    const settle = (refusal?: Refusal) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', give);
      if (refusal) reject(refusal);
      else resolve(stdout);
    };
    child.once('error', (cause: NodeJS.ErrnoException) =>
      settle(new Refusal('NotPermitted', { what, why: cause.code ?? cause.message }, { cause })),
    );
    child.once('close', (code, killed) => {
      if (late) return settle(new Refusal('NoAnswer', { what, host, why: `it did not end in ${timeoutMs / 1000} s` }));
      const why = stderr.trim().split('\n').at(-1) || `it ended with ${code ?? killed}`;
      settle(code === 0 ? undefined : new Refusal('SaidNo', { what, why, object }));
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The agent's own secrets are in variables of this name: a command of somebody else must not see them. */
function environment(object: string, order: Order | undefined): NodeJS.ProcessEnv {
  const given = Object.entries(process.env).filter(([name]) => !name.startsWith('EVENKEEL_'));
  return {
    ...Object.fromEntries(given),
    EVENKEEL_OBJECT: object,
    ...(order && { EVENKEEL_BECAUSE: order.because }),
  };
}
