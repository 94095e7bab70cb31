import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '../contract/errors';
import { roles, type Role } from '../contract/roles';
import { isRunning, type Identity } from '../services/processes';

/** `build`: the one that lay in dist when it was started. */
export interface PartState extends Identity {
  build?: string;
}

/** What `evenkeel up` left running, in `stack.json` of the state directory. */
export interface StackState {
  /** Addresses as clients use them. `webUi` is empty where Temporal is somebody else's. */
  temporal: string;
  webUi: string;
  api: string;
  fleet: string;
  parts: Record<string, PartState>;
}

const fileOf = (stateDir: string): string => join(stateDir, 'stack.json');

export function readStack(stateDir: string): StackState | undefined {
  const file = fileOf(stateDir);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StackState) : undefined;
}

/** Whole or not at all: a reader never sees half a file. */
export function writeStack(stateDir: string, state: StackState): void {
  const next = `${fileOf(stateDir)}.${process.pid}`;
  writeFileSync(next, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(next, fileOf(stateDir));
}

export const removeStack = (stateDir: string): void => rmSync(fileOf(stateDir), { force: true });

export const tokensFile = (stateDir: string): string => join(stateDir, 'tokens.json');

/** One token a role, made once, readable by their owner only. Agents, API and CLI on loopback know each other by them. */
export function stackTokens(stateDir: string): Record<Role, string> {
  const file = tokensFile(stateDir);
  if (!existsSync(file)) {
    const tokens = roles.map((role) => ({ name: `local-${role}`, role, token: randomBytes(24).toString('base64url') }));
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    writeFileSync(file, `${JSON.stringify(tokens, undefined, 2)}\n`, { mode: 0o600 });
  }
  const tokens = JSON.parse(readFileSync(file, 'utf8')) as { role: Role; token: string }[];
  return Object.fromEntries(tokens.map(({ role, token }) => [role, token])) as Record<Role, string>;
}

/** The status page, with the token that may only look: it turns the token into a cookie and takes it out of the address. */
export const statusPage = ({ api }: StackState, stateDir: string): string =>
  `${api}/?token=${stackTokens(stateDir).viewer}`;

/** Only one `up` or `down` works in a state directory at a time. What a killed one left is taken over. */
export async function aloneIn<T>(stateDir: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const lock = join(stateDir, 'up.lock');
  if (!taken(lock)) {
    const holder = JSON.parse(readFileSync(lock, 'utf8')) as Identity;
    if (isRunning(holder)) throw new Refusal('StackBusy', { pid: holder.pid, stateDir });
    rmSync(lock, { force: true });
    if (!taken(lock)) throw new Refusal('StackBusy', { pid: '?', stateDir });
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** A hard link appears with its content or not at all. */
function taken(lock: string): boolean {
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, JSON.stringify({ pid: process.pid, started: '' }), { mode: 0o600 });
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}
