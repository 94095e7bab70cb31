import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Lease } from '../../contract/operations';
import { Refusal } from '../../contract/errors';
import { writeMark } from './marks';
import { dataOf, factsOf, type Place } from './place';
import { closePort } from './port';
import { kill, listens, processesOf, stateOf } from './processes';

/** Its own host refuses at once; only a firewall of somebody else says nothing. */
const connectMs = 300;

export interface Fenced {
  proof: string[];
  killed: number;
  tookMs: number;
}

/**
 * Makes sure that the member accepts nothing. It never waits for a clean stop, which whatever is broken could delay for
 * ever: all of its processes are killed at once, stopped or hung ones too. Done again, it proves it again.
 */
export async function fence(place: Place, lease: Lease, deadlineMs: number): Promise<Fenced> {
  const beganAt = performance.now();
  const until = beganAt + deadlineMs;
  const data = dataOf(place);
  writeMark(place, { epoch: lease.epoch, because: 'fenced' });
  const closing = closePort(place);
  const killed = await killAll(place, data, until);
  const unclosed = await closing;
  const { address, port } = place.member;
  const proof = [
    unclosed === undefined
      ? `Everything sent to ${address}:${port} is reset by nftables`
      : `The port was not closed by nftables (${unclosed}); what counts is that its processes are dead`,
    killed === 0
      ? `No process of PostgreSQL works in ${data}`
      : `${killed} processes killed, none works in ${data} now`,
    await nobodyAnswers(place, until),
    'It is kept down until it follows, rejoins or is reinstated',
  ];
  return { proof, killed, tookMs: performance.now() - beganAt };
}

/** Kills until nothing is left: what was forked while it was looked for is found in the next round. */
async function killAll(place: Place, data: string, until: number): Promise<number> {
  const killed = new Set<number>();
  for (;;) {
    const left = processesOf(data);
    if (left.length === 0) return killed.size;
    if (performance.now() > until)
      throw notFenced(place, left.map((pid) => `process ${pid} (${stateOf(pid)})`).join(', ') + ' does not die');
    for (const pid of left) {
      killed.add(pid);
      try {
        kill(pid, 'SIGKILL');
      } catch (cause) {
        throw notFenced(place, `process ${pid} may not be killed by this agent`, cause);
      }
    }
    await pause(2);
  }
}

/** The kernel lets go of the port of a killed process a moment later. */
async function nobodyAnswers(place: Place, until: number): Promise<string> {
  const { address, port } = place.member;
  for (;;) {
    const listening = listens(address, port);
    const answer = await connection(address, port);
    if (!listening && answer !== 'accepted')
      return `Nothing listens at ${address}:${port}, and a connection is ${answer}`;
    if (performance.now() > until)
      throw notFenced(place, listening ? `something else listens at ${address}:${port}` : `${address}:${port} answers`);
    await pause(5);
  }
}

function connection(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const answer = (says: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(says);
    };
    const timer = setTimeout(() => answer('not answered'), connectMs);
    socket.once('connect', () => answer('accepted'));
    socket.once('error', ({ code, message }: NodeJS.ErrnoException) =>
      answer(code === 'ECONNREFUSED' ? 'refused' : `not possible (${code ?? message})`),
    );
  });
}

const notFenced = (place: Place, why: string, cause?: unknown): Refusal =>
  new Refusal('NotFenced', { ...factsOf(place), why }, { cause });
