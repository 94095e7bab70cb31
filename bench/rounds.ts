import { shuffled, type Random } from './random';
import type { Metric, Table } from './table';

/** What one run of one side gave, metric by metric. */
export type Sample = Record<string, number>;

/** Ours, or a peer: something that does the same work. */
export interface Side {
  name: string;
  /** Does the work once and measures it; what prepares it and cleans up after it is outside the figures. */
  run: (round: number) => Promise<Sample>;
}

/** The samples of a side by round, or why there are none. */
export type Outcome = Sample[] | { why: string };

export interface Rounds {
  rounds: number;
  random: Random;
  say: (line: string) => void;
  /** What changes the world for all sides alike. */
  beforeRound?: () => unknown;
  /** Each side works once before the first round, and nobody looks at the clock: daemons have their code compiled, memory is touched. */
  warmUp?: boolean;
}

/** Every side once in each round, in an order that changes from round to round. A side that fails is left out from then on. */
export async function alternate(
  sides: readonly Side[],
  { rounds, random, say, beforeRound, warmUp = false }: Rounds,
): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>(sides.map(({ name }) => [name, []]));
  for (let round = warmUp ? 0 : 1; round <= rounds; round++) {
    await beforeRound?.();
    for (const { name, run } of shuffled(sides, random)) {
      const samples = outcomes.get(name);
      if (!Array.isArray(samples)) continue;
      try {
        const sample = await run(round);
        if (round > 0) samples.push(sample);
        say(
          `  ${round > 0 ? `round ${round}` : 'not counted'}, ${name}: ${Object.entries(sample)
            .map(([metric, value]) => `${metric} ${shown(value)}`)
            .join(', ')}`,
        );
      } catch (error) {
        say(`  round ${round}, ${name} failed: ${reasonOf(error)}`);
        outcomes.set(name, { why: reasonOf(error) });
      }
    }
  }
  return outcomes;
}

/** A row for each peer and metric. */
export function tabulate(
  table: Table,
  name: string,
  metrics: readonly Metric[],
  outcomes: ReadonlyMap<string, Outcome>,
  ours = 'ours',
): void {
  const own = outcomes.get(ours) ?? { why: 'it was not run' };
  for (const [peerName, peer] of outcomes) {
    if (peerName === ours) continue;
    for (const metric of metrics) {
      if (!Array.isArray(own)) table.addUnmeasured(name, metric, peerName, `ours failed: ${own.why}`);
      else if (!Array.isArray(peer)) table.addUnmeasured(name, metric, peerName, peer.why);
      else table.add(name, metric, column(own, metric), peerName, column(peer, metric));
    }
  }
}

function column(samples: readonly Sample[], { metric }: Metric): number[] {
  return samples.map((sample) => {
    const value = sample[metric];
    if (value === undefined) throw new Error(`nobody measured "${metric}"`);
    return value;
  });
}

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const shown = (value: number): string => (value < 100 ? value.toFixed(2) : String(Math.round(value)));
