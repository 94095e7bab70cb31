import { setTimeout as pause } from 'node:timers/promises';
import type { EndpointEntry } from '../../contract/endpoints';
import { Refusal } from '../../contract/errors';
import type { CapabilityOf, Host } from '../host';
import { askConsole, type Answer, type Row } from './console';

const answersMs = 5_000;
const lookEveryMs = 20;

/** The pooler of this host's forwarder: it holds its clients while the primary changes, so that none of them sees an error. */
export function pooler(
  host: Pick<Host, 'name'>,
  entry: EndpointEntry,
  name: string,
): Pick<CapabilityOf<'traffic'>, 'pause' | 'resume'> {
  const { console, password } = poolerOf(host, entry, name);
  const ask = (what: string, deadlineMs: number) => askConsole({ url: console, password }, what, deadlineMs);
  const refuse = (what: string, { says, why }: Exclude<Answer, { says: 'rows' }>) =>
    new Refusal(says === 'error' ? 'PoolerSaidNo' : 'PoolerSilent', { host: host.name, what, why });

  const resume = async (): Promise<void> => {
    const answer = await ask('RESUME', answersMs);
    if (answer.says !== 'rows' && !/not paused/.test(answer.why)) throw refuse('RESUME', answer);
  };
  /** Of a pause that somebody began before: how it goes on can only be looked at. */
  const quiet = async (withinMs: number): Promise<boolean> => {
    for (const giveUpAt = performance.now() + withinMs; performance.now() < giveUpAt; await pause(lookEveryMs)) {
      const answer = await ask('SHOW POOLS', answersMs);
      if (answer.says !== 'rows') throw refuse('SHOW POOLS', answer);
      if (answer.rows.every(isIdle)) return true;
    }
    return false;
  };
  return {
    pause: async ({ deadlineMs }) => {
      const start = performance.now();
      const tookMs = () => Math.round(performance.now() - start);
      const answer = await ask('PAUSE', deadlineMs);
      if (answer.says === 'rows') return { paused: true, tookMs: tookMs() };
      const before = answer.says === 'error' && /already/.test(answer.why);
      if (before && (await quiet(deadlineMs))) return { paused: true, tookMs: tookMs() };
      if (answer.says === 'error' && !before) throw refuse('PAUSE', answer);
      // It may hold its clients by now, and would hold them for ever.
      await resume();
      if (answer.says === 'lost') throw refuse('PAUSE', answer);
      throw new Refusal('PoolerBusy', { host: host.name, seconds: deadlineMs / 1000 });
    },
    resume: async () => {
      const start = performance.now();
      await resume();
      return { paused: false, tookMs: Math.round(performance.now() - start) };
    },
  };
}

function poolerOf(host: Pick<Host, 'name'>, { forwarders }: EndpointEntry, name: string) {
  const own = Object.values(forwarders).find((forwarder) => forwarder.host === host.name);
  if (own?.pooler) return own.pooler;
  throw new Refusal('NoPart', { host: host.name, part: own ? 'pooler' : 'forwarder', name });
}

/** No connection to a server carries a transaction of a client. */
const isIdle = ({ database, sv_active: active }: Row): boolean => database === 'pgbouncer' || Number(active) === 0;
