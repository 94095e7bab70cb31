import { Refusal } from '../../contract/errors';
import type { Exec } from '../../contract/resizes';
import { runCommand } from '../command';
import type { Order, Place, Resizer } from './object';

/** Commands of the fleet file, word by word and without a shell: one that resizes, one that prints the present size. */
export function exec({ set, read, timeoutSeconds, unit }: Exec, { object, host }: Place): Resizer {
  const run = async (words: string[], signal: AbortSignal, order?: Order): Promise<string> => {
    const what = `\`${words.join(' ')}\` on ${host.name}`;
    const ended = await runCommand({ words, timeoutMs: timeoutSeconds * 1000, signal, env: told(object, order) });
    if (ended.how === 'done') return ended.printed;
    const { why } = ended;
    if (ended.how === 'cannot') throw new Refusal('NotPermitted', { what, why });
    throw ended.how === 'late'
      ? new Refusal('NoAnswer', { what, host: host.name, why })
      : new Refusal('SaidNo', { what, why, object });
  };
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

const told = (object: string, order: Order | undefined): Record<string, string> => ({
  EVENKEEL_OBJECT: object,
  ...(order && { EVENKEEL_BECAUSE: order.because }),
});
