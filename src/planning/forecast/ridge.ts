import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { median } from './statistics';

/** Rows of `width` features each, one after the other, and what followed each row. */
export interface Sample {
  features: Float64Array;
  targets: Float64Array;
  width: number;
}

/** The share of the mean diagonal that is added to it: keeps features apart that say the same. */
const ridge = 1e-3;
const rounds = 3;

/** Linear weights for the least absolute error, nearly: weighted least squares, three rounds, errors weigh less the larger. */
export function robustRidge(sample: Sample): Float64Array | undefined {
  const weights = new Float64Array(sample.targets.length).fill(1);
  let solution: Float64Array | undefined;
  for (let round = 0; round < rounds; round++) {
    solution = solve(sample, weights);
    if (!solution) return undefined;
    if (round === rounds - 1) break;
    const errors = sample.targets.map((target, row) => Math.abs(target - weigh(sample, row, solution!)));
    const usual = 1.5 * median(errors) || 1e-9;
    for (let row = 0; row < weights.length; row++) weights[row] = 1 / Math.max(errors[row]! / usual, 0.2);
  }
  return solution;
}

function weigh({ features, width }: Sample, row: number, by: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < width; i++) sum += features[row * width + i]! * by[i]!;
  return sum;
}

function solve({ features, targets, width }: Sample, weights: Float64Array): Float64Array | undefined {
  const normal = new Float64Array(width * width);
  const right = new Float64Array(width);
  for (let row = 0; row < targets.length; row++) {
    const from = row * width;
    for (let i = 0; i < width; i++) {
      const weighted = weights[row]! * features[from + i]!;
      if (weighted === 0) continue;
      for (let j = 0; j <= i; j++) normal[i * width + j]! += weighted * features[from + j]!;
      right[i]! += weighted * targets[row]!;
    }
  }
  let trace = 0;
  for (let i = 0; i < width; i++) trace += normal[i * width + i]!;
  const added = (ridge * trace) / width + 1e-12;
  const matrix = Matrix.zeros(width, width);
  for (let i = 0; i < width; i++)
    for (let j = 0; j <= i; j++) {
      const value = normal[i * width + j]! + (i === j ? added : 0);
      matrix.set(i, j, value);
      matrix.set(j, i, value);
    }
  const decomposition = new CholeskyDecomposition(matrix);
  if (!decomposition.isPositiveDefinite()) return undefined;
  return Float64Array.from(decomposition.solve(Matrix.columnVector(right)).to1DArray());
}
