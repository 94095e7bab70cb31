import type { Command } from 'commander';
import { createAgentClient } from '../agent/client';
import { formatDuration } from '../contract/amounts';
import { Refusal, whyOf } from '../contract/errors';
import type { Fleet } from '../contract/fleet';
import { findFleetFile, readFleet, sentence, type FleetReading } from '../fleet/load';
import { ownToken } from '../stack/ownToken';
import { exitCodes } from './exitCodes';
import { guardedLines, type GuardedNow } from './fleetGuarded';
import { paintFor, printJson, printLine, table, type Paint } from './print';

interface Check {
  fleet?: string;
  online?: boolean;
  json?: boolean;
}

/** What an agent answered, or why it did not. */
interface Answer {
  host: string;
  answers: boolean;
  version?: string;
  capabilities?: string[];
  privileged?: boolean;
  why?: string;
}

export function addFleet(parent: Command): void {
  const fleet = parent.command('fleet').description('The fleet file: hosts, file servers, objects, limits.');
  fleet
    .command('check')
    .description('Read the fleet file, say all that is wrong with it, and show what it says.')
    .option('--fleet <file>', 'fleet file')
    .option('--online', 'ask every agent too')
    .option('--json', 'as one JSON document')
    .action(async ({ fleet: given, online, json }: Check) => {
      const reading = readFleet(findFleetFile(given));
      const answers = online && reading.fleet ? await askAll(reading.fleet) : [];
      const guarded = online && reading.fleet ? await guardedNow(reading.fleet) : undefined;
      if (json) printJson({ ...reading, ...(online && { answers, ...guarded }) });
      else printLine(shown(reading, answers, guarded, paintFor(process.stdout)));
      process.exitCode = exitCodes[outcomeOf(reading, answers)].code;
    });
}

/** Loaded only now: it brings the SDK with it. */
async function guardedNow(fleet: Fleet): Promise<GuardedNow> {
  const { askGuarded } = await import('./askGuarded.js');
  return askGuarded(fleet);
}

/** Of two things that are wrong the one to be mended first: a fleet file that cannot be used, then an agent of another name. */
function outcomeOf({ errors }: FleetReading, answers: Answer[]): keyof typeof exitCodes {
  const wrong = answers.filter((answer) => !answer.answers);
  if (errors.length > 0 || wrong.some(({ version }) => version !== undefined)) return 'refused';
  return wrong.length > 0 ? 'unreachable' : 'done';
}

/** Every agent of the fleet, all at once. */
export const askAll = (fleet: Fleet): Promise<Answer[]> =>
  Promise.all(Object.keys(fleet.hosts).map((host) => ask(fleet, host)));

async function ask({ hosts, tls }: Fleet, host: string): Promise<Answer> {
  const token = ownToken('viewer');
  const url = hosts[host]?.agent ?? '';
  const client = createAgentClient({ host, url, ...(token !== undefined && { token }), ...(tls && { tls }) });
  try {
    const { host: name, version, capabilities, privileged } = await client.host.describe({});
    const other = name === host ? {} : { answers: false, why: `the agent there is "${name}"` };
    return { host, answers: true, version, capabilities, privileged, ...other };
  } catch (error) {
    return { host, answers: false, why: reasonOf(error) };
  } finally {
    client.close();
  }
}

/** Only the reason where the table tells the rest. */
function reasonOf(error: unknown): string {
  if (error instanceof Refusal && error.facts['why'] !== undefined) return String(error.facts['why']);
  return whyOf(error);
}

function shown(
  { file, fleet, errors, warnings }: FleetReading,
  answers: Answer[],
  guarded: GuardedNow | undefined,
  paint: Paint,
): string {
  const problems = [
    ...errors.map((error) => paint.red(sentence(error))),
    ...warnings.map((warning) => paint.yellow(`warning: ${sentence(warning)}`)),
  ];
  if (!fleet) return problems.join('\n');
  const hosts = hostTable(fleet, answers, paint);
  const fileServers = Object.keys(fleet.fileServers).length > 0 ? ['', serverTable(fleet, paint)] : [];
  const objects = Object.keys(fleet.objects).length > 0 ? ['', objectTable(fleet, paint)] : [];
  return [
    ...problems,
    `${paint.bold(fleet.fleet)} (${file})`,
    '',
    hosts,
    ...fileServers,
    ...objects,
    ...guardedLines(fleet, guarded, paint),
  ].join('\n');
}

function hostTable({ hosts, limits }: Fleet, answers: Answer[], paint: Paint): string {
  const rows = Object.entries(hosts).map(([host, { zone, agent, roots }]) => {
    const answer = answers.find((each) => each.host === host);
    const said = answer
      ? [answer.answers ? paint.green('✔') : paint.red('✘'), answer.version ?? '', saidBy(answer)]
      : [];
    const name = limits.paused.includes(host) ? `${host} (paused)` : host;
    return [name, zone ?? '-', agent, ...said, roots.join(' ')];
  });
  const asked = answers.length > 0 ? ['UP', 'VERSION', 'CAN'] : [];
  return table(['HOST', 'ZONE', 'AGENT', ...asked, 'ROOTS'], rows, paint);
}

const saidBy = ({ why, capabilities, privileged }: Answer): string =>
  why ?? `${(capabilities ?? []).join(' ')}${privileged ? '' : ' (no root)'}`;

function serverTable({ fileServers }: Fleet, paint: Paint): string {
  const rows = Object.entries(fileServers).flatMap(([server, { fsvms }]) =>
    Object.entries(fsvms).map(([name, { host, root, items }], index) => [
      index === 0 ? server : '',
      name,
      host,
      root,
      items ? items.join(' ') : 'all',
    ]),
  );
  return table(['FILE SERVER', 'FSVM', 'HOST', 'ROOT', 'ITEMS'], rows, paint);
}

function objectTable({ objects }: Fleet, paint: Paint): string {
  const rows = Object.entries(objects).map(([name, { host, series, resize, min, max, autonomy, schedule }]) => [
    ...[name, host, series.from, resize?.by ?? '-', `${min} to ${max}`, autonomy],
    formatDuration(schedule.every),
  ]);
  return table(['OBJECT', 'HOST', 'LOAD FROM', 'RESIZED BY', 'SIZE', 'AUTONOMY', 'EVERY'], rows, paint);
}
