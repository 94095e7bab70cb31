import { hostname, userInfo } from 'node:os';
import type { Operator } from '../api/operator';

/** Who types: kept with every word said to a run. */
export function whoTypes(env: NodeJS.ProcessEnv = process.env): string {
  return `${env['SUDO_USER'] || userInfo().username}@${hostname()}`;
}

/** Connects, acts, and lets go of the connection, whatever happens. Loaded only now: the SDK takes a third of a second. */
export async function withOperator<T>(act: (operator: Operator) => Promise<T>): Promise<T> {
  const { connectOperator } = await import('../api/operator.js');
  const operator = await connectOperator();
  try {
    return await act(operator);
  } finally {
    await operator.close();
  }
}
