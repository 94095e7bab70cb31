import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Less data and fewer rounds: ends in five minutes on two cores. */
  quick: boolean;
  json?: string;
  /** Only cases whose name begins with one of these; all when empty. */
  only: string[];
  /** Of data and of the order of the sides. */
  seed: number;
  rounds: number;
}

/** `[--quick] [--json FILE] [--only CASE,…] [--seed N] [--rounds N]`, the same for every system. */
export function readOptions(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      only: { type: 'string', default: '' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      rounds: { type: 'string' },
    },
  });
  const { quick, json, only, seed } = values;
  return {
    quick,
    ...(json !== undefined && { json }),
    only: only.split(',').filter(Boolean),
    seed: whole('--seed', seed),
    rounds: whole('--rounds', values.rounds ?? (quick ? '3' : '5')),
  };
}

export const wants = ({ only }: BenchOptions, name: string): boolean =>
  only.length === 0 || only.some((prefix) => name === prefix || name.startsWith(`${prefix}/`));

function whole(flag: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`${flag} takes a whole number, not "${text}"`);
  return Number(text);
}
