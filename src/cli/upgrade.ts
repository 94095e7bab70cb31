import type { Command } from 'commander';
import { speaksWith, version } from '../agent/version';
import type { WorkerFacts } from '../api/listWorkers';
import type { Fleet } from '../contract/fleet';
import { isLoopback } from '../contract/loopback';
import { loadFleet } from '../fleet/load';
import { build } from '../stack/build';
import { someRun, startStack } from '../stack/embedded';
import { packageRoot, stateDir } from '../stack/places';
import { readStack, type StackState } from '../stack/stackState';
import { staleParts, upgradeStack, upgradeSteps } from '../stack/upgrade';
import { askAll } from './fleet';
import { paintFor, printJson, printLine, table } from './print';
import { withOperator } from './session';

interface UpgradeFlags {
  fleet?: string;
  dryRun?: boolean;
  json?: boolean;
}

/** A process of the fleet and what it runs; `version` is undefined where nobody answered. */
interface Running {
  what: string;
  version?: string;
  note: string;
}

export function addUpgrade(parent: Command): void {
  parent
    .command('upgrade')
    .description(
      'After `git pull`: say what the fleet runs, and replace what `evenkeel up` started here, part by part. Runs go on. For other hosts it prints the commands.',
    )
    .option('--fleet <file>', 'fleet file')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--json', 'as one JSON document')
    .addHelpText('after', '\nEnd an `evenkeel up --foreground` first: it starts again by itself what ends.')
    .action(upgrade);
}

async function upgrade({ fleet: given, dryRun, json }: UpgradeFlags): Promise<void> {
  const state = readStack(stateDir());
  const here = state && someRun(state) ? state : undefined;
  const { fleet, file } = loadFleet(given ?? here?.fleet);
  const runs = await look(fleet, here);
  const steps = upgradeSteps(here ? staleParts(here) : []).map(({ says }) => says);
  const elsewhere = commandsFor(fleet);
  const say = (line: string) => (json ? undefined : printLine(line));
  say(`This is Evenkeel ${version}${build() && `, build ${build()}`}.\n`);
  const rows = runs.map(({ what, version: theirs, note }) => [what, theirs ?? '?', note]);
  say(table(['WHAT', 'VERSION', ''], rows, paintFor(process.stdout)));
  say(`\n${headline(here, steps, dryRun === true)}`);
  if (dryRun) steps.forEach((step, index) => say(`  ${index + 1}. ${step}`));
  else if (steps.length > 0)
    await upgradeStack(await startStack({ fleet: file, stateDir: stateDir() }), (line) => say(`  ✔ ${line}`));
  if (elsewhere.length > 0)
    say(`\nOn the other hosts, in this order:\n${elsewhere.map((line) => `  ${line}`).join('\n')}`);
  if (json) printJson({ version, build: build(), runs, steps, elsewhere, done: !dryRun });
}

function headline(here: StackState | undefined, steps: readonly string[], dryRun: boolean): string {
  if (!here) return 'Nothing runs here: `evenkeel up` starts this build.';
  if (steps.length === 0) return 'All that runs here runs this build already.';
  return dryRun ? 'It would, and keep Temporal as it is:' : 'Temporal is kept as it is.';
}

/** Agents, workers and the API with their versions, as they answer. */
async function look(fleet: Fleet, here: StackState | undefined): Promise<Running[]> {
  const [agents, workers, api] = await Promise.all([askAll(fleet), lookAtWorkers(), lookAtApi(here)]);
  const stale = here ? staleParts(here) : [];
  const noted = (what: string, part: string, theirs: string | undefined, why = 'it does not answer'): Running => {
    const older = stale.includes(part) ? ', an earlier build' : '';
    return {
      what,
      ...(theirs !== undefined && { version: theirs }),
      note: theirs === undefined ? why : skewOf(theirs) + older,
    };
  };
  return [
    ...agents.map(({ host, version: theirs, why }) => noted(`agent of ${host}`, `agent-${host}`, theirs, why)),
    ...workers.map(({ identity, version: theirs }) =>
      noted(identity, 'worker', theirs, 'it does not tell its version'),
    ),
    ...(here ? [noted('API', 'api', api)] : []),
  ];
}

function skewOf(theirs: string): string {
  if (theirs === version) return 'the same version';
  return speaksWith(theirs)
    ? 'another patch: it speaks with this one'
    : 'too far apart: it is refused until both are alike';
}

/** Temporal away is no reason not to tell the rest. */
const lookAtWorkers = (): Promise<WorkerFacts[]> =>
  withOperator(async ({ client }) => (await import('../api/listWorkers.js')).listWorkers(client)).catch(() => []);

async function lookAtApi(here: StackState | undefined): Promise<string | undefined> {
  try {
    const answer = await fetch(`${here?.api}/healthz`, { signal: AbortSignal.timeout(3_000) });
    return ((await answer.json()) as { version?: string }).version;
  } catch {
    return undefined; // that is what is told of it
  }
}

/** For hosts that are not this machine: what to type there, first to last. */
function commandsFor({ hosts }: Fleet): string[] {
  const others = Object.entries(hosts).filter(([, { agent }]) => !isLoopback(new URL(agent).hostname));
  if (others.length === 0) return [];
  const fresh = `cd ${packageRoot} && git pull && npm run build`;
  return [
    'where workers run      stop every worker: runs wait, jobs go on at their agents',
    ...others.map(([host]) => `on ${host.padEnd(19)} ${fresh} && sudo systemctl restart evenkeel-agent-${host}`),
    `where the API runs     ${fresh}, and start it again`,
    `where workers run      ${fresh}, and start them again: runs go on where they were`,
    `(${packageRoot} is where Evenkeel lies here; another directory there is as good)`,
  ];
}
