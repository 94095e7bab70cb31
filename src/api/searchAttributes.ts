import type { Client } from '@temporalio/client';
import { searchAttributes } from '../stack/temporal';

/** INDEXED_VALUE_TYPE_KEYWORD of Temporal's API. */
const keyword = 2;

/** Adds what runs are found by to a Temporal that `evenkeel up` did not start; those that exist are left as they are. */
export async function registerSearchAttributes(client: Client): Promise<void> {
  await client.connection.operatorService.addSearchAttributes({
    namespace: client.options.namespace,
    searchAttributes: Object.fromEntries(Object.keys(searchAttributes).map((name) => [name, keyword])),
  });
}

/** The server's no when a start names an attribute that its namespace lacks. */
export function saysUnknownAttribute(error: unknown): boolean {
  const words = /no mapping defined for search attribute|search attribute Evenkeel\w+ is not defined/i;
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    const { details } = each as { details?: unknown };
    if (words.test(each.message) || (typeof details === 'string' && words.test(details))) return true;
  }
  return false;
}
