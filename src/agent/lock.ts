import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';
import { Refusal } from '../contract/errors';

const exclusiveNoWait = 2 | 4; // LOCK_EX | LOCK_NB

/** Takes the state directory of a host for this process. The kernel lets go of it when the process ends, however it ends. */
export function lockState(host: string, stateDir: string): { release(): void } {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const fd = openSync(join(stateDir, 'lock'), 'a', 0o600);
  const flock = koffi.load('libc.so.6').func('int flock(int fd, int operation)') as (
    fd: number,
    operation: number,
  ) => number;
  if (flock(fd, exclusiveNoWait) !== 0) {
    closeSync(fd);
    throw new Refusal('AgentRunsAlready', { host, stateDir });
  }
  return { release: () => closeSync(fd) };
}
