import { z } from 'zod';
import { kebab, runbooks, type RunbookName } from '../../contract/runbooks';
import { route, type Asked, type Route } from '../route';
import { Audit, RunRef, RunSummary, RunView } from '../views';
import { sendEvents } from './events';

const Why = z.strictObject({ why: z.string().max(1000).default('').describe('the reason, kept with the run') });
const Reason = z.strictObject({ why: z.string().min(1).max(1000).describe('the reason, kept with the run') });
const Yes = Why.extend({ digest: z.string().describe('the plan that is meant') });
const No = Reason.extend({
  digest: z.string().optional().describe('the plan that is meant; the one it shows now when left out'),
});
const Tuning = z.strictObject({ set: z.record(z.string(), z.unknown()).describe('input field to its new value') });
const Flag = z.enum(['true', 'false', '1', '0', '']).transform((text) => text !== 'false' && text !== '0');

const said = ({ caller, body }: Asked<unknown, { why: string }>) => ({ by: caller.name, why: body.why });

/** A word to a run: who may say it, what it means, how it is passed on. */
function word<B extends typeof Why>(
  name: string,
  summary: string,
  body: B,
  say: (asked: Asked<unknown, z.output<B>>) => Promise<unknown>,
): Route {
  return route({
    method: 'POST',
    path: `/v1/runs/:id/${name}`,
    operationId: `${name}Run`,
    summary,
    role: name === 'approve' || name === 'reject' ? 'approver' : 'operator',
    body,
    answer: RunRef,
    status: 202,
    handle: say,
  });
}

export const startRoutes: readonly Route[] = (Object.keys(runbooks) as RunbookName[]).map((name) =>
  route({
    method: 'POST',
    path: `/v1/runbooks/${kebab(name)}`,
    operationId: `start${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    summary: runbooks[name].title,
    description:
      'Starts a run. One run a target: while one goes on, another is refused with 409. A dry run has an id of its own and is never in the way.',
    role: 'operator',
    query: z.object({ dryRun: Flag.optional().describe('plan only; nothing is touched') }),
    body: runbooks[name].input.strict(),
    answer: RunRef.extend({ webUi: z.string().optional() }),
    status: 201,
    async handle({ operator, caller, query, body, reply }) {
      const ref = await operator.start(name, { ...body, ...(query.dryRun && { dryRun: true }) }, caller.name);
      void reply.header('location', `/v1/runs/${encodeURIComponent(ref.id)}`);
      return { ...ref, webUi: operator.webUi(ref) };
    },
  }),
);

export const lookRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/runs',
    operationId: 'listRuns',
    summary: 'Runs, newest first',
    role: 'viewer',
    query: z.object({
      runbook: z.string().optional(),
      target: z.string().optional(),
      phase: z.string().optional(),
      ticket: z.string().optional(),
      all: Flag.optional().describe('ended ones as well'),
      limit: z.coerce.number().int().min(1).max(500).default(50),
    }),
    answer: z.object({ runs: z.array(RunSummary) }),
    handle: async ({ operator, query }) => ({ runs: await operator.list(query as never) }),
  }),
  route({
    method: 'GET',
    path: '/v1/runs/:id',
    operationId: 'showRun',
    summary: 'All that is known of one run: steps, plan, progress, what it waits for, how it ended',
    role: 'viewer',
    answer: RunView,
    handle: ({ operator, id }) => operator.show(id),
  }),
  route({
    method: 'GET',
    path: '/v1/runs/:id/events',
    operationId: 'watchRun',
    summary: 'What happens to a run, as server-sent events, until it ends',
    description:
      'The first events tell what is so far: whoever comes back with Last-Event-ID misses nothing. Each event is a RunEvent; its name is its type. A comment every 15 s keeps the connection open.',
    role: 'viewer',
    answer: 'text/event-stream',
    handle: sendEvents,
  }),
  route({
    method: 'GET',
    path: '/v1/runs/:id/history',
    operationId: 'auditRun',
    summary: 'Who did what when, for an auditor',
    role: 'viewer',
    answer: Audit,
    handle: ({ operator, id }) => operator.audit(id),
  }),
];

export const wordRoutes: readonly Route[] = [
  word('pause', 'Let a run stop at its next safe place', Why, (asked) => asked.operator.pause(asked.id, said(asked))),
  word('resume', 'Let a paused run go on', Why, (asked) => asked.operator.resume(asked.id, said(asked))),
  word('cancel', 'Stop a run and undo what may be undone', Why, (asked) =>
    asked.operator.cancel(asked.id, said(asked)),
  ),
  word('retry', 'Go on from the failed step', Why, (asked) => asked.operator.retry(asked.id, said(asked))),
  word('skip', 'Go on without the failed step', Reason as never, (asked) =>
    asked.operator.answer(asked.id, { ...said(asked), do: 'skip' }),
  ),
  word('undo', 'Have a held run undo what it did', Why, (asked) =>
    asked.operator.answer(asked.id, { ...said(asked), do: 'undo' }),
  ),
  word('approve', 'Say yes to exactly this plan', Yes, (asked) =>
    asked.operator.decide(asked.id, { ...said(asked), approved: true, digest: asked.body.digest }),
  ),
  word('reject', 'Say no to the plan', No as never, (asked) => {
    const { digest } = asked.body as { digest?: string };
    return asked.operator.decide(asked.id, {
      ...said(asked),
      approved: false,
      ...(digest !== undefined && { digest }),
    });
  }),
  route({
    method: 'POST',
    path: '/v1/runs/:id/tune',
    operationId: 'tuneRun',
    summary: 'Change an input of a run while it goes on',
    role: 'operator',
    body: Tuning,
    answer: RunRef,
    status: 202,
    handle: ({ operator, id, caller, body }) => operator.tune(id, caller.name, body.set),
  }),
];
