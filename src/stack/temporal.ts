import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { Refusal } from '../contract/errors';
import { startChild, stopChild, type Child } from './children';
import { findTemporal } from './findTemporal';
import { freePort, listens, usualPort } from './ports';

const run = promisify(execFile);

/** What the runbooks are found by in lists and in the Web UI. A server of the user's own needs the same four. */
export const searchAttributes = {
  EvenkeelRunbook: 'Keyword',
  EvenkeelTarget: 'Keyword',
  EvenkeelPhase: 'Keyword',
  EvenkeelTicket: 'Keyword',
} as const;

const DEFAULT_PORT = 7233;
const DEFAULT_UI_PORT = 8233;
const START_MS = 30_000;

export interface TemporalOptions {
  /** Keeps what runs over a restart; in memory when left out. */
  dbFile?: string;
  port?: number;
  uiPort?: number;
  logFile: string;
  /** Timers to 10 ms, any free port, no Web UI, and gone with the process that started it. */
  test?: boolean;
  say?: (line: string) => void;
}

export interface Temporal {
  address: string;
  uiUrl: string;
  child: Child;
  stop(): Promise<void>;
}

/** How often a server that ends at once is started: it picks ports of its own too, and another program may take one meanwhile. */
const mostStarts = 3;

/** Starts a development server with task dispatch at once (docs/decisions/0004) and our search attributes; returns when it takes work. */
export async function startTemporal(options: TemporalOptions): Promise<Temporal> {
  const { say = console.error } = options;
  const program = await findTemporal({ say });
  for (let tried = 1; ; tried++) {
    const started = await startOn(await portsFor(options), program, options);
    if ('address' in started) return started;
    if (!started.endedAtOnce || tried === mostStarts) throw started.why;
  }
}

async function portsFor({ test = false, port, uiPort }: TemporalOptions): Promise<{ port: number; uiPort: number }> {
  return {
    port: await freePort(port ?? (test ? 0 : usualPort(DEFAULT_PORT))),
    uiPort: test ? 0 : await freePort(uiPort ?? usualPort(DEFAULT_UI_PORT)),
  };
}

async function startOn(
  { port, uiPort }: { port: number; uiPort: number },
  program: string,
  options: TemporalOptions,
): Promise<Temporal | { endedAtOnce: boolean; why: unknown }> {
  const child = await startChild({
    name: 'temporal',
    command: [program, ...serverArguments({ ...options, port, uiPort })],
    logFile: options.logFile,
    // The program asks who it runs as, and ends where neither /etc/passwd nor the environment knows.
    env: { USER: 'evenkeel', HOME: tmpdir(), ...process.env },
    diesWithUs: options.test ?? false,
  });
  const address = `127.0.0.1:${port}`;
  try {
    await untilReady(program, address, child, options.logFile);
  } catch (why) {
    const endedAtOnce = child.exited();
    await stopChild(child);
    return { endedAtOnce, why };
  }
  return {
    address,
    uiUrl: uiPort ? `http://127.0.0.1:${uiPort}` : '',
    child,
    stop: async () => void (await stopChild(child)),
  };
}

function serverArguments({ port, uiPort, dbFile, test }: TemporalOptions & { port: number; uiPort: number }): string[] {
  const dynamic = ['history.transferProcessorMaxPollRPS=2000', 'history.timerProcessorMaxPollRPS=2000'];
  if (test) dynamic.push('history.timerProcessorMaxTimeShift="10ms"');
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port)],
    ...(uiPort ? ['--ui-port', String(uiPort)] : ['--headless']),
    ...(dbFile ? ['--db-filename', dbFile] : []),
    ...dynamic.flatMap((value) => ['--dynamic-config-value', value]),
    ...Object.entries(searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
    ...['--log-level', 'warn'],
  ];
}

/** The port first: an SDK connection that finds it closed waits a whole second before it looks again. */
async function untilReady(program: string, address: string, child: Child, logFile: string): Promise<void> {
  const gaveUp = () => child.exited();
  const port = Number(address.split(':')[1]);
  const deadline = Date.now() + START_MS;
  let why = 'its port stays closed';
  if (await listens({ port }, { timeoutMs: START_MS, gaveUp })) {
    const last = Object.keys(searchAttributes).at(-1) ?? '';
    while (Date.now() < deadline && !gaveUp()) {
      const list = run(program, ['operator', 'search-attribute', 'list', '--address', address], { timeout: 5_000 });
      const answer = await list.catch((error: Error) => ({ stdout: '', stderr: error.message }));
      if (answer.stdout.includes(last)) return;
      why = answer.stderr || 'its search attributes are missing';
    }
  }
  throw new Refusal('NotStarted', { what: 'Temporal', why: child.exited() ? child.lastWords() : why, log: logFile });
}
