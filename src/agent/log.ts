import pino, { type DestinationStream } from 'pino';

export type Log = (event: string, facts?: Record<string, unknown>) => void;

/** One line an event on stderr: JSON, or words in a terminal. `level` among the facts is the level. */
export function createLog(host: string): Log {
  const words: DestinationStream = { write: (line) => void process.stderr.write(inWords(line)) };
  const destination = process.stderr.isTTY ? words : pino.destination({ dest: 2, sync: true });
  const log = pino(
    { base: { host }, redact: ['token', 'authorization'], timestamp: pino.stdTimeFunctions.isoTime },
    destination,
  );
  return (event, { level, ...facts } = {}) => log[level === 'error' || level === 'warn' ? level : 'info'](facts, event);
}

function inWords(line: string): string {
  const { time, level, host, msg, ...facts } = JSON.parse(line) as Record<string, unknown>;
  const shown = Object.entries(facts).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${String(time).slice(11, 19)} ${String(host)} ${Number(level) >= 50 ? '✘ ' : ''}${[msg, ...shown].join('  ')}\n`;
}
