import { kebab, runbooks, type RunbookName } from '../contract/runbooks';

/** What a word of a command line may be besides a command or a flag: asked for while somebody types. */
export const valueKinds = [
  'runbooks',
  'runs',
  'schedules',
  'file-servers',
  'hosts',
  'objects',
  'endpoints',
  'pairs',
] as const;
export type ValueKind = (typeof valueKinds)[number];

/** Nobody waits longer for a completion, ms: then nothing is offered. */
const withinMs = 1_500;

/** What the argument of a command may be. */
export function kindOfArgument(words: readonly string[], name: string): ValueKind | undefined {
  if (name === 'object') return 'objects';
  if (name !== 'id') return undefined;
  return words[0] === 'schedule' ? 'schedules' : 'runs';
}

/** What the value of a flag may be. */
export function kindOfFlag([first, ...more]: readonly string[], flag: string): ValueKind | undefined {
  if (flag === '--runbook') return 'runbooks';
  if (flag === '--endpoint') return 'endpoints';
  if (flag === '--pair') return 'pairs';
  if (flag === '--host' && first === 'agent') return 'hosts';
  const starts = first === 'run' || (first === 'schedule' && more[0] === 'apply');
  return starts && (flag === '--from' || flag === '--to') ? 'file-servers' : undefined;
}

/** What begins as it was typed; of ids also what begins so behind a slash. Nothing where nobody answers: a completion never complains. */
export async function offer(kind: ValueKind, typed: string): Promise<string[]> {
  const late = new Promise<never[]>((resolve) => setTimeout(() => resolve([]), withinMs).unref());
  const all = await Promise.race([look(kind).catch(() => []), late]);
  const whole = all.filter((value) => value.startsWith(typed));
  return whole.length > 0 ? whole : all.flatMap((value) => behindSlash(value, typed));
}

function behindSlash(id: string, typed: string): string[] {
  const part = id.slice(id.indexOf('/') + 1);
  return part.startsWith(typed) ? [part] : [];
}

async function look(kind: ValueKind): Promise<string[]> {
  if (kind === 'runbooks') return (Object.keys(runbooks) as RunbookName[]).map(kebab);
  if (kind !== 'runs' && kind !== 'schedules') {
    const { loadFleet } = await import('../fleet/load.js');
    const { hosts, objects, endpoints, proxies: pairs, fileServers } = loadFleet().fleet;
    return Object.keys({ hosts, objects, endpoints, pairs, 'file-servers': fileServers }[kind]);
  }
  const { connectOperator } = await import('../api/operator.js');
  const operator = await connectOperator();
  if (kind === 'runs') return [...new Set((await operator.list({ all: true, limit: 100 })).map(({ id }) => id))];
  const { listSchedules } = await import('../api/schedules.js');
  return (await listSchedules(operator.client)).map(({ id }) => id);
}
