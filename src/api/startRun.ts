import { createHash } from 'node:crypto';
import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import type { z } from 'zod';
import { Refusal } from '../contract/errors';
import {
  kebab,
  runbooks,
  targetOf,
  taskQueue,
  workflowId,
  type Attended,
  type RunbookName,
} from '../contract/runbooks';
import { meant } from '../fleet/nearest';
import type { RunRef } from './findRun';
import { askTemporal } from './said';
import { registerSearchAttributes, saysUnknownAttribute } from './searchAttributes';

/** Temporal shows at most 200 bytes of a summary. */
const longestSummary = 190;

/** The runbook that a name means, as typed (`ingest-vfs`) or as in the code (`ingestVfs`). */
export function runbookNamed(given: string): RunbookName {
  const names = Object.keys(runbooks) as RunbookName[];
  const found = names.find((name) => name === given || kebab(name) === given);
  if (!found) throw new Refusal('UnknownRunbook', { name: given, near: meant(given, names.map(kebab)) });
  return found;
}

export interface ReadyRun {
  name: RunbookName;
  id: string;
  input: Attended;
}

/** Checks an input against the contract; what is wrong is named field by field. */
export function readyRun(name: RunbookName, given: unknown): ReadyRun {
  const schema = runbooks[name].input.strict();
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw new Refusal('BadInput', { what: wrongIn(parsed.error, Object.keys(schema.shape)) });
  return { name, id: workflowId(name, parsed.data), input: parsed.data };
}

/** Starts a run. One run a target: a second one is refused with the name of the first. */
export async function startRun(client: Client, { name, id, input }: ReadyRun, by: string): Promise<RunRef> {
  const start = () =>
    client.workflow.start(name, {
      ...startOptions({ name, input }, by),
      workflowId: id,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'FAIL',
    });
  const ask = <T>(act: () => Promise<T>) => askTemporal({ client, id, what: 'start it' }, act);
  try {
    const handle = await ask(start).catch(async (error: unknown) => {
      if (!saysUnknownAttribute(error)) throw error;
      await registerSearchAttributes(client);
      return ask(start);
    });
    return { id, runId: handle.firstExecutionRunId };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const { memo } = await ask(() => client.workflow.getHandle(id).describe());
    const first = (memo ?? {}) as { by?: string };
    throw new Refusal('AlreadyRunning', { id, by: first.by ?? 'unknown' }, { cause: error });
  }
}

/** What a run carries from its start on, by hand or by a schedule. */
export function startOptions({ name, input }: Pick<ReadyRun, 'name' | 'input'>, by: string) {
  const attribute = (key: string, value: string) => ({ key: defineSearchAttributeKey(key, 'KEYWORD'), value });
  const target = targetOf(name, input);
  return {
    taskQueue: taskQueue(),
    args: [input] as [unknown],
    memo: { by, input: digestOf(input), ...(input.dryRun && { dryRun: true }) },
    staticSummary: `${input.dryRun ? 'Dry run: ' : ''}${runbooks[name].title} (${target})`.slice(0, longestSummary),
    staticDetails: `Started by ${by}\n\`\`\`\n${JSON.stringify(input, undefined, 2)}\n\`\`\``,
    typedSearchAttributes: new TypedSearchAttributes([
      attribute('EvenkeelRunbook', kebab(name)),
      attribute('EvenkeelTarget', target),
      attribute('EvenkeelPhase', 'running'),
      ...(input.ticket ? [attribute('EvenkeelTicket', input.ticket)] : []),
    ]),
  };
}

function wrongIn(error: z.ZodError, fields: readonly string[]): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => {
      if (issue.code !== 'unrecognized_keys') return `${issue.path.join('.') || 'the input'}: ${issue.message}`;
      return issue.keys.map((key) => `there is no "${key}"${meant(key, fields)}`).join('; ');
    })
    .join('; ');
}

const digestOf = (input: unknown): string =>
  createHash('sha256').update(JSON.stringify(input)).digest('hex').slice(0, 16);
