import type { Endings } from '../laboratory/endings';
import { endpointOfLab } from '../laboratory/failoverFleet';
import { runbooks } from '../contract/runbooks';
import { whoTypes } from './session';

/** Starts what guards the endpoint of the laboratory. False where this build has no such runbook: then nobody fails over. */
export async function startGuards(endings: Endings, say: (line: string) => void): Promise<boolean> {
  if (!Object.hasOwn(runbooks, 'guardEndpoint')) {
    say('This build has no runbook guard-endpoint: nobody fails over.');
    return false;
  }
  const { connectOperator } = await import('../api/operator.js');
  const operator = await connectOperator({ waitMs: 10_000 });
  endings.add(() => operator.close());
  await operator.start('guard-endpoint', { endpoint: endpointOfLab }, whoTypes());
  return true;
}
