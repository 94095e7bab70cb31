import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { HostEntry } from '../contract/fleet';
import { Refusal } from '../contract/errors';
import { guardedHosts } from '../fleet/checkGuarded';
import { readFleet } from '../fleet/load';
import { answer, request } from './authority';
import { unitFile } from './unitFile';

export interface JoinOptions {
  host: string;
  url: string;
  root: string[];
  dir: string;
  fleet?: string;
  state: string;
  /** Directory of the authority; without it a request is made for it. */
  authority?: string;
}

export interface Joined {
  files: string[];
  /** What belongs into the fleet file. */
  fleetEntry: string;
  /** What to type where the authority is, when it is not here. */
  ask?: string;
  /** Where its fleet file is to be, when it is not there yet: its unit may not guard anything then. */
  lacks?: string;
  /** The two commands that enable and start the unit. */
  enable: string[][];
}

/** Makes what a host needs to be a member of the fleet. Starts nothing. */
export async function joinFleet(options: JoinOptions): Promise<Joined> {
  const { host, url, root: roots, authority } = options;
  const entry = HostEntry.safeParse({ agent: url, roots });
  if (!entry.success)
    throw new Refusal('BadInput', { what: entry.error.issues.map(({ message }) => message).join('; ') });
  const dir = resolve(options.dir);
  await mkdir(options.state, { recursive: true, mode: 0o700 }); // the unit may write there and nowhere above
  const made = await request(dir, host);
  const tls = { ca: join(dir, 'ca.crt'), cert: join(dir, 'agent.crt'), key: made.key };
  const files = authority ? await vouchedFor(authority, made.request, tls) : [made.key, made.request];
  const fleetFile = fleetFileOf(options, dir);
  const unit = join(dir, `evenkeel-agent-${host}.service`);
  await writeFile(unit, unitFile({ host, command: commandOf(options, dir), guards: isGuard(host, fleetFile) }));
  return {
    files: [...files, unit],
    fleetEntry: stringify({ hosts: { [host]: { agent: url, ...(roots.length > 0 && { roots }) } }, tls }).trimEnd(),
    ...(!authority && { ask: `evenkeel certs issue --request ${basename(made.request)} --role agent` }),
    ...(!existsSync(fleetFile) && { lacks: fleetFile }),
    enable: [
      ['systemctl', 'link', unit],
      ['systemctl', 'enable', '--now', `evenkeel-agent-${host}`],
    ],
  };
}

export async function enableUnit(commands: readonly (readonly string[])[]): Promise<void> {
  for (const [program = '', ...words] of commands) await promisify(execFile)(program, words);
}

async function vouchedFor(
  authority: string,
  requestFile: string,
  tls: { ca: string; cert: string; key: string },
): Promise<string[]> {
  await answer(authority, requestFile, { role: 'agent' });
  if (resolve(authority, 'ca.crt') !== tls.ca) await copyFile(join(authority, 'ca.crt'), tls.ca);
  return [tls.key, tls.cert, tls.ca];
}

const fleetFileOf = ({ fleet }: JoinOptions, dir: string): string => resolve(fleet ?? join(dir, 'fleet.yaml'));

/** Whether the fleet file, where it is there already, gives the host a part in an endpoint or a pair of proxies. */
function isGuard(host: string, file: string): boolean {
  if (!existsSync(file)) return false;
  const { fleet } = readFleet(file);
  return fleet !== undefined && guardedHosts(fleet).some((each) => each.host === host);
}

function commandOf(options: JoinOptions, dir: string): string[] {
  const { host, state } = options;
  const program = resolve(__dirname, '..', '..', 'bin', 'evenkeel.js');
  const words = ['--host', host, '--fleet', fleetFileOf(options, dir), '--state', resolve(state)];
  return [process.execPath, program, 'agent', 'run', ...words];
}
