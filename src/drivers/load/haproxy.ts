import { connect } from 'node:net';
import { Refusal } from '../../contract/errors';
import type { Haproxy } from '../../contract/resizes';
import type { Place, Resizer } from './object';

/** Weights and maxconn through HAProxy's runtime socket: in force at once, gone with a restart. */
export function haproxy({ socket, what, proxy, server }: Haproxy, place: Place): Resizer {
  const title = `HAProxy at ${socket}`;
  const named = server === undefined ? proxy : `${proxy}/${server}`;
  const say = (command: string, signal: AbortSignal) => speak(socket, command, title, place, signal);
  const refused = (why: string) => new Refusal('SaidNo', { what: title, why, object: place.object });
  return {
    what: title,
    unit: what === 'weight' ? 'weight' : 'connections',
    grain: 1,
    tells: true,
    read: async (signal) => {
      if (what === 'maxconn') return maxconn(await say('show stat', signal), proxy, server, refused);
      const answer = await say(`get weight ${named}`, signal);
      const weight = /^(\d+) \(initial \d+\)/.exec(answer)?.[1];
      if (weight === undefined) throw refused(answer || 'it said nothing');
      return Number(weight);
    },
    write: async ({ size }, signal) => {
      const order = what === 'weight' ? 'set weight' : `set maxconn ${server === undefined ? 'frontend' : 'server'}`;
      const answer = await say(`${order} ${named} ${size}`, signal);
      if (answer !== '') throw refused(answer);
    },
  };
}

/** The column `slim` of its statistics: the sessions that this row may have. */
function maxconn(stat: string, proxy: string, server: string | undefined, refused: (why: string) => Refusal): number {
  const [head = '', ...lines] = stat.replace(/^# /, '').split('\n');
  const columns = head.split(',');
  const rows = lines.map((line) => line.split(','));
  const at = (name: string) => columns.indexOf(name);
  const row = rows.find((one) => one[at('pxname')] === proxy && one[at('svname')] === (server ?? 'FRONTEND'));
  if (!row) throw refused(`it knows no ${server === undefined ? 'frontend' : 'server'} ${proxy}/${server ?? ''}`);
  const limit = row[at('slim')];
  if (!limit) throw refused(`${proxy}/${server ?? 'FRONTEND'} has no maxconn in its configuration`);
  return Number(limit);
}

function speak(path: string, command: string, what: string, { host }: Place, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    let answer = '';
    const give = () => socket.destroy(new Error('aborted'));
    signal.addEventListener('abort', give, { once: true });
    socket.setEncoding('utf8');
    socket.once('connect', () => socket.write(`${command}\n`)); // HAProxy closes after its answer
    socket.on('data', (text: string) => (answer += text));
    socket.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code ?? cause.message;
      reject(
        why === 'EACCES'
          ? new Refusal('NotPermitted', { what, why: 'the agent may not open its socket' }, { cause })
          : new Refusal('NoAnswer', { what, why, host: host.name }, { cause }),
      );
    });
    socket.once('close', () => {
      signal.removeEventListener('abort', give);
      resolve(answer.trim());
    });
  });
}
