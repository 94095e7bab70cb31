import { wants, type BenchOptions } from '../options';
import type { Figure, Figures, Measured } from './figures';
import { reasonsOf, type Side } from './side';
import type { Trial } from './trial';

/** Cases that differ by what breaks, and all who are measured in them. */
export interface Family {
  name: string;
  faults: readonly string[];
  /** Ours first. */
  sides: readonly Side[];
  /** What is measured of each trial, with the goal in the case. */
  figures(fault: string): readonly (Figure & { of: (trial: Trial) => number })[];
  /** The share of a peer's gap that ours must not exceed. */
  race?: { peerName: string; most: number };
  /** Of this side; all when left out. */
  rounds?(side: Side, fault: string): number;
}

export interface Work {
  options: BenchOptions;
  figures: Figures;
  say: (line: string) => void;
}

/** After so many in a row that failed nobody tries again. */
const mostFailures = 2;

/** One side after the other, so that none runs beside another; each has all its repetitions in the same site. */
export async function measure(family: Family, work: Work): Promise<void> {
  const trials = new Map<string, Repeated>();
  for (const side of family.sides) {
    const mine = family.faults.filter((fault) => wants(work.options, caseOf(family, fault, side)));
    for (const fault of mine) trials.set(caseOf(family, fault, side), await repeat(family, side, fault, work));
    await side.close();
  }
  for (const fault of family.faults) tabulate(family, fault, work.figures, trials);
}

/** What --only looks at: `proxy/killed/ours`. */
const caseOf = ({ name }: Family, fault: string, side: Side): string =>
  [name, fault, side.name.replaceAll(/[^a-z0-9]+/gi, '-')].join('/');

interface Repeated {
  trials: Trial[];
  failed: number;
  why?: string;
}

async function repeat(family: Family, side: Side, fault: string, { options, say }: Work): Promise<Repeated> {
  if (side.why !== undefined) return { trials: [], failed: 0, why: side.why };
  const rounds = Math.min(options.rounds, family.rounds?.(side, fault) ?? Infinity);
  const trials: Trial[] = [];
  let [failed, inRow, why] = [0, 0, ''];
  for (let round = 1; round <= rounds && inRow < mostFailures; round++) {
    const title = `  ${family.name}/${fault} ${round} of ${rounds}, ${side.name}`;
    const beginMs = performance.now();
    try {
      const trial = await side.run(fault);
      trials.push(trial);
      inRow = 0;
      say(`${title}: ${sayTrial(trial)} (${((performance.now() - beginMs) / 1_000).toFixed(1)} s)`);
    } catch (error) {
      why = reasonsOf(error);
      say(`${title} failed: ${why}`);
      failed++;
      inRow++;
    }
  }
  return { trials, failed, ...(why !== '' && { why }) };
}

function tabulate(family: Family, fault: string, figures: Figures, all: ReadonlyMap<string, Repeated>): void {
  const name = `${family.name}/${fault}`;
  const [ours, ...others] = family.sides;
  const asked = (side: Side) => all.has(caseOf(family, fault, side));
  const repeated = (side: Side): Repeated => all.get(caseOf(family, fault, side)) ?? { trials: [], failed: 0 };
  if (!ours || !family.sides.some(asked)) return;
  const peers = others.filter(asked);
  for (const { of, ...figure } of family.figures(fault)) {
    const own = measured(repeated(ours), of);
    if (peers.length === 0) figures.add(name, figure, own);
    for (const peer of peers) figures.beside(name, figure, own, peer.name, measured(repeated(peer), of));
  }
  if (family.race) race(family.race, name, figures);
  for (const side of family.sides) {
    const { failed, trials, why = '' } = repeated(side);
    if (failed > 0) figures.failed(name, side === ours ? '' : side.name, { failed, of: failed + trials.length, why });
  }
  for (const [what, afterMs] of phasesOf(repeated(ours).trials))
    figures.add(name, { metric: `phase: ${what}`, unit: 'ms' }, afterMs);
}

/** Of the medians that the table has already. */
function race({ peerName, most }: NonNullable<Family['race']>, name: string, figures: Figures): void {
  const row = figures.rows.find((one) => one.case === name && one.peerName === peerName && one.ratio !== null);
  const figure: Figure = { metric: `gap / that of ${peerName}`, unit: 'share', goal: most };
  if (row?.ratio) figures.add(name, figure, [1 / row.ratio]);
}

/** Without a trial and without a reason it was not asked for. */
const measured = ({ trials, why }: Repeated, of: (trial: Trial) => number): Measured =>
  trials.length === 0 && why !== undefined ? { why } : trials.map(of);

/** Each phase in the order of the first report that has it. */
function phasesOf(trials: readonly Trial[]): Map<string, number[]> {
  const all = new Map<string, number[]>();
  for (const { what, afterMs } of trials.flatMap(({ phases = [] }) => phases))
    all.set(what, [...(all.get(what) ?? []), afterMs]);
  return all;
}

function sayTrial({ gapMs, over, hung, lost, byOld, unknown, illegitimate, phases }: Trial): string {
  return [
    `gap ${Math.round(gapMs)} ms${over ? '' : ' and no end of it'}`,
    `${hung} hung, ${lost} lost, ${unknown} unknown`,
    ...(byOld > 0 ? [`${byOld} acknowledged by the old primary`] : []),
    ...(illegitimate === undefined ? [] : [`${illegitimate} illegitimate moves`]),
    ...(phases ? [phases.map(({ what, afterMs }) => `${what} ${Math.round(afterMs)}`).join(', ')] : []),
  ].join('; ');
}
