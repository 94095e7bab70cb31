import type { Command } from 'commander';
import type { Failed } from '../activities/copy';
import { createAgentClient, type AgentClient } from '../agent/client';
import { failedFiles, pairsOf } from '../api/failedFiles';
import { Refusal } from '../contract/errors';
import { loadFleet } from '../fleet/load';
import { ownToken } from '../stack/ownToken';
import { complain } from './complain';
import { paintFor, printLine } from './print';
import { withOperator } from './session';

interface FailuresFlags {
  fleet?: string;
  json?: boolean;
}

/** `evenkeel failures <id>`: all of them, where the report holds the first 200. */
export function addFailures(program: Command): void {
  program
    .command('failures')
    .description("Every file that a run could not send, with its phase and reason, asked of the sources' agents.")
    .argument('<id>', 'its id, or a part of it that means one run only')
    .option('--fleet <file>', 'fleet file')
    .option('--json', 'one JSON line a file')
    .action(listAll);
}

/** An agent that does not answer is told, and the others are asked all the same. */
async function listAll(id: string, { fleet, json }: FailuresFlags): Promise<void> {
  const run = await withOperator((operator) => operator.show(id));
  if (run.unanswered !== undefined) throw new Refusal('NoWorker', { id: run.id, seconds: 5 });
  const agents = agentsOf(fleet);
  let told = 0;
  try {
    for (const pair of pairsOf(run)) {
      try {
        for await (const file of failedFiles([pair], agents.of)) {
          printLine(json ? JSON.stringify(file) : lineOf(file));
          told++;
        }
      } catch (error) {
        process.exitCode = complain(error);
      }
    }
  } finally {
    agents.close();
  }
  if (told === 0 && !process.exitCode && !json) printLine(`No file of ${run.id} failed, as far as its agents keep it.`);
}

function lineOf({ fsvm, path, phase, why }: Failed): string {
  const paint = paintFor(process.stdout);
  return `${paint.dim(`${fsvm}  ${phase.padEnd(6)}`)}  ${path}: ${why}`;
}

/** One client per agent of the fleet file. */
function agentsOf(given: string | undefined): { of: (host: string) => AgentClient; close: () => void } {
  const { hosts, tls } = loadFleet(given).fleet;
  const token = ownToken('viewer');
  const clients = new Map<string, AgentClient>();
  const make = (host: string) => {
    const url = hosts[host]?.agent;
    if (url === undefined) throw new Refusal('UnknownHost', { host, near: '' });
    const client = createAgentClient({ host, url, ...(token !== undefined && { token }), ...(tls && { tls }) });
    clients.set(host, client);
    return client;
  };
  return {
    of: (host) => clients.get(host) ?? make(host),
    close: () => clients.forEach((client) => client.close()),
  };
}
