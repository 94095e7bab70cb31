import type { Backtest, ModelName, Models } from './forecast';
import type { Workload } from './workload';

export function reasonsOf(
  _work: Workload,
  _models: Models,
  model: ModelName,
  { ratio }: Backtest,
): { why: string; caution?: string } {
  return { why: `${model} ${ratio}` };
}
