import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CapabilityName } from '../contract/capabilities';
import { Refusal } from '../contract/errors';
import type { Fleet } from '../contract/fleet';
import { drivers } from '../drivers';
import type { CapabilityOf, DriverTable, Host } from '../drivers/host';
import { isLoopback } from '../contract/loopback';
import { byCertificate, byToken, readTokens } from './authentication';
import { findOperation } from './capabilityTable';
import { describeHost } from './describe';
import type { Outlook } from '../contract/outlook';
import { Epochs } from './epochs';
import { forecastGauges } from './forecastGauges';
import { Jobs, type JobsOptions } from './jobs';
import { Journal } from './journal';
import { lockState } from './lock';
import { createLog, type Log } from './log';
import { hostname, Peers } from './peers';
import { performing, RunningDrivers, type Starters } from './performing';
import { createServer, type ServerParts } from './server';
import { guardedBy, standGuard } from './standGuard';

export interface AgentOptions {
  fleet: Fleet;
  /** Its own name in the fleet file. */
  host: string;
  stateDir: string;
  /** One shared token with the role `agent`, for a fleet on loopback. EVENKEEL_TOKEN when left out. */
  token?: string;
  /** More callers on loopback: a JSON list of `{ name, role, token }`. EVENKEEL_TOKENS_FILE when left out. */
  tokensFile?: string;
  /** The drivers of this host when they are others than those of drivers/index. */
  drivers?: DriverTable;
  log?: Log;
  /** Bounds that tests make shorter. */
  jobs?: Pick<JobsOptions, 'backoffMs' | 'keep'>;
  epochPatienceMs?: number;
}

export interface Agent {
  url: string;
  stop(): Promise<void>;
}

/** How long a stopping agent waits for its jobs to let go, ms. */
const letGoMs = 10_000;

/** Starts the agent of one host: goes on with its journaled jobs, and offers its capabilities at the address of the fleet file. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { fleet, host, stateDir, log = createLog(options.host) } = options;
  const peers = new Peers(fleet, options.token ?? process.env['EVENKEEL_TOKEN']);
  const secured = security(peers.entry(host).agent, options);
  const endings: (() => unknown)[] = [() => peers.close()];
  const stop = async () => {
    for (const end of endings.splice(0).toReversed()) await end();
  };
  try {
    const lock = lockState(host, stateDir);
    endings.push(() => lock.release());
    const url = await listen(options, peers, secured, log, endings);
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Puts the parts together; `endings` undo them, the last first. */
async function listen(
  options: AgentOptions,
  peers: Peers,
  secured: Pick<ServerParts, 'authenticate' | 'tls'>,
  log: Log,
  endings: (() => unknown)[],
): Promise<string> {
  const { host, stateDir } = options;
  const { agent, roots: named } = peers.entry(host);
  const roots = named.map((root) => resolvedRoot(root, log));
  const epochs = await Epochs.open({
    host,
    stateDir,
    ...(options.epochPatienceMs !== undefined && { patienceMs: options.epochPatienceMs }),
  });
  const self = hostFor(options, peers, roots, epochs, log);
  const starters = startersOf(options.drivers ?? drivers, self);
  const running = new RunningDrivers(host, starters);
  const perform = performing(host, running, epochs);
  const jobs = new Jobs({
    host,
    log,
    perform,
    readInput: readJournaled,
    journal: await Journal.open(stateDir),
    ...options.jobs,
  });
  starters.host = async () => ({
    driver: describeHost(host, { roots, capabilities: running.names, jobs, epochs }),
    stop: async () => {},
  });
  await jobs.load();
  const server = createServer({ host, perform, jobs, epochs, log, gauges: gaugesOf(options, running), ...secured });
  const ended = new AbortController();
  endings.push(
    () => running.stop(),
    () => Promise.all([server.close(), jobs.stop(letGoMs)]),
    () => running.letGo(),
    () => ended.abort(),
  );
  const port = new URL(agent).port || (secured.tls ? 443 : 80);
  const known = epochs.all();
  const url = await server.listen({ host: hostname(agent), port: Number(port) });
  await jobs.resume();
  await standGuard(self, running, known, ended.signal);
  log('agent listens', { url, capabilities: running.names });
  return url;
}

const startersOf = (table: DriverTable, self: Host): Starters =>
  Object.fromEntries(Object.entries(table).map(([capability, start]) => [capability, () => start(self)]));

/** What the driver of each capability may know. */
function hostFor(options: AgentOptions, peers: Peers, roots: readonly string[], epochs: Epochs, log: Log): Host {
  const { fleet, host, stateDir, token = process.env['EVENKEEL_TOKEN'] } = options;
  return {
    ...{ name: host, roots, stateDir: resolve(stateDir), log },
    peer: <N extends CapabilityName>(name: string, capability: N) => peers.client(name)[capability] as CapabilityOf<N>,
    hold: (lease, newerCame, work) => epochs.hold(lease, newerCame, work),
    freezes: freezesOf(fleet, host),
    rails: fleet.limits,
    objects: Object.fromEntries(Object.entries(fleet.objects).filter(([, object]) => object.host === host)),
    ...guardedBy(fleet, host),
    bulkAddress: (name) => peers.bulkAddress(name),
    bulk: { address: peers.bulkAddress(host), port: peers.entry(host).bulk.port },
    trust: { ...(token !== undefined && { token }), ...(fleet.tls && { tls: fleet.tls }) },
  };
}

/** The forecasts of this host's objects, as they were last published. */
const gaugesOf =
  ({ fleet, host }: AgentOptions, running: RunningDrivers) =>
  async (): Promise<string[]> => {
    const names = Object.keys(fleet.objects).filter((name) => fleet.objects[name]!.host === host);
    const newest = new Map<string, Outlook>();
    if (names.length === 0) return [];
    const driver = (await running.of('load')) as unknown as CapabilityOf<'load'>;
    for (const object of names) {
      const { outlooks } = await driver.recallOutlooks({ object, sinceMs: 0, steps: 1 });
      const last = outlooks.at(-1);
      if (last) newest.set(object, last);
    }
    return forecastGauges(newest, Date.now());
  };

const freezesOf = ({ fileServers }: Fleet, host: string): Host['freezes'] =>
  Object.values(fileServers).flatMap(({ fsvms, freeze }) =>
    Object.values(fsvms)
      .filter((fsvm) => fsvm.host === host)
      .map(({ root }) => ({ root: existsSync(root) ? realpathSync(root) : root, by: freeze })),
  );

/** Tokens over plain HTTP on loopback, client certificates everywhere else; nothing in between. */
function security(
  agent: string,
  { fleet, host, token, tokensFile }: AgentOptions,
): Pick<ServerParts, 'authenticate' | 'tls'> {
  if (agent.startsWith('https:')) {
    if (!fleet.tls)
      throw new Refusal('NotSecured', { host, why: `${agent} needs \`tls\` (ca, cert, key) in the fleet file` });
    const { ca, cert, key } = fleet.tls;
    return {
      authenticate: byCertificate,
      tls: { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) },
    };
  }
  if (!isLoopback(hostname(agent))) {
    throw new Refusal('NotSecured', {
      host,
      why: `${agent} is not loopback, and plain HTTP is spoken on loopback only`,
    });
  }
  const shared = token ?? process.env['EVENKEEL_TOKEN'];
  const file = tokensFile ?? process.env['EVENKEEL_TOKENS_FILE'];
  const tokens = file ? readTokens(file) : []; // first: what the file says of a token holds
  if (shared) tokens.push({ name: 'fleet', role: 'agent', token: shared });
  if (tokens.length === 0) throw new Refusal('NotSecured', { host, why: 'no token is set' });
  return { authenticate: byToken(tokens) };
}

function resolvedRoot(root: string, log: Log): string {
  try {
    return realpathSync(root);
  } catch (error) {
    log('a root of this host cannot be reached', { level: 'warn', root, why: String(error) });
    return resolve(root);
  }
}

/** A journaled input as this version reads it: it may have been written by an older one. */
function readJournaled(
  operation: { capability: string; name: string },
  input: Record<string, unknown>,
): Record<string, unknown> {
  return findOperation(operation)?.input.safeParse(input).data ?? input;
}
