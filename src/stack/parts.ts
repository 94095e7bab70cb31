import { join } from 'node:path';
import type { Fleet } from '../contract/fleet';
import { isLoopback } from '../contract/loopback';
import { compiled, packageRoot } from './places';
import { stackTokens, tokensFile } from './stackState';

/** A process of the embedded stack beside Temporal. */
export interface Part {
  name: string;
  command: string[];
  env: NodeJS.ProcessEnv;
  logFile: string;
  /** It does its work once it listens there, or has said these words to its log. */
  readyWhen: { listens: { host: string; port: number } } | { says: string };
}

export interface PartsOptions {
  fleet: Fleet;
  fleetFile: string;
  stateDir: string;
  temporal: string;
  webUi: string;
  apiPort: number;
}

export const logOf = (stateDir: string, name: string): string => join(stateDir, 'logs', `${name}.log`);

/** The worker, the API, and an agent for each host of the fleet that is this machine. */
export function partsOf(options: PartsOptions): Part[] {
  const { fleet, stateDir, apiPort } = options;
  const local = Object.entries(fleet.hosts).filter(([, { agent }]) => isLocal(agent));
  const env = environment(options);
  const entry = join(packageRoot, 'bin', 'evenkeel.js');
  const part = (name: string, command: string[], readyWhen: Part['readyWhen']): Part => ({
    ...{ name, env, readyWhen, logFile: logOf(stateDir, name) },
    command: [process.execPath, ...command],
  });
  return [
    part('worker', [compiled('workers', 'main.js')], { says: '"msg":"ready"' }),
    part('api', [entry, 'api', '--port', String(apiPort)], { listens: { host: '127.0.0.1', port: apiPort } }),
    ...local.map(([host, { agent }]) => {
      const { hostname, port } = new URL(agent);
      const command = [entry, 'agent', 'run', '--host', host, '--state', join(stateDir, 'agents', host)];
      return part(`agent-${host}`, command, {
        listens: { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) },
      });
    }),
  ];
}

const isLocal = (agent: string): boolean => isLoopback(new URL(agent).hostname);

/** Each part is told the same things, so that any of them can be started again alone. */
function environment({ fleetFile, stateDir, temporal, webUi }: PartsOptions): NodeJS.ProcessEnv {
  return {
    ...process.env,
    TEMPORAL_ADDRESS: temporal,
    EVENKEEL_STATE: stateDir,
    EVENKEEL_FLEET: fleetFile,
    EVENKEEL_TOKEN: stackTokens(stateDir).agent,
    EVENKEEL_TOKENS_FILE: tokensFile(stateDir),
    ...(webUi && { EVENKEEL_TEMPORAL_UI: webUi }),
  };
}
