import { resolve } from 'node:path';
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
  /** A folder of data that are not ours; the systems that know what to do with one read it. */
  data?: string;
  /** How long after a fault a client that still waits counts as hung; the systems that have clients read it. */
  hungSeconds: number;
}

/** `[--quick] [--json FILE] [--only CASE,…] [--seed N] [--rounds N] [--data DIR] [--hung-seconds N]`, the same for every system. */
export function readOptions(args: string[], usualRounds = '5'): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      only: { type: 'string', default: '' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      rounds: { type: 'string' },
      data: { type: 'string' },
      'hung-seconds': { type: 'string' },
    },
  });
  const { quick, json, only, seed, data } = values;
  return {
    quick,
    ...(json !== undefined && { json }),
    ...(data !== undefined && { data: resolve(data) }),
    only: only.split(',').filter(Boolean),
    seed: whole('--seed', seed),
    rounds: whole('--rounds', values.rounds ?? (quick ? '3' : usualRounds)),
    hungSeconds: whole('--hung-seconds', values['hung-seconds'] ?? (quick ? '5' : '20')),
  };
}

export const wants = ({ only }: BenchOptions, name: string): boolean =>
  only.length === 0 || only.some((prefix) => name === prefix || name.startsWith(`${prefix}/`));

function whole(flag: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`${flag} takes a whole number, not "${text}"`);
  return Number(text);
}
