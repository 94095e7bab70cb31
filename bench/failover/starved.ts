import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Endings } from '../../src/laboratory/endings';
import { startChild, stopChild } from '../../src/stack/children';
import { lacking } from '../../src/stack/packages';
import { scratch } from '../disk';
import { wants } from '../options';
import { reasonOf } from '../rounds';
import type { Work } from './family';
import type { Figure } from './figures';
import { fast, openKeepalived } from './keepalived';
import { guard } from './ourEndpoint';
import { bringUp } from './ourPair';
import { openPair } from './pair';

const name = 'failover/starved';
const lengthMs = { full: 600_000, quick: 60_000 };
/** For each processor of the machine, as important as everything else. */
const burnersEach = 3;

const failovers: Figure = { metric: 'false failovers', unit: 'count', goal: 0 };
const moved: Figure = { metric: 'illegitimate moves', unit: 'count', goal: 0 };

/** Nothing breaks; the machine has no time for anybody. An endpoint and a pair of ours, and a pair with keepalived beside them. */
export async function starved(endings: Endings, { options, figures, say }: Work): Promise<void> {
  if (!wants(options, name)) return;
  const forMs = options.quick ? lengthMs.quick : lengthMs.full;
  const why = lacking('keepalived', say);
  try {
    await endings.within(async (part) => {
      const ours = await openPair(part, { endpointEntry: { coolDown: '0s' }, proxiesEntry: { coolDown: '0s' } });
      await bringUp(ours);
      const { operator } = await guard(part, ours.site);
      const theirs = why === undefined ? await openKeepalived(part, fast) : undefined;
      const sinceMs = performance.timeOrigin + performance.now();
      await part.within(async (load) => {
        await burn(load, scratch(load));
        say(`  ${name}: nothing but load for ${forMs / 1_000} s`);
        await pause(forMs);
      });
      const runs = await operator.list({ runbook: 'fail-over-endpoint', all: true });
      const own = ours.moves.since(sinceMs).length;
      const others = theirs?.moves.since(sinceMs).length;
      say(`  ${name}: ${runs.length} false failovers; ${own} illegitimate moves, ${fast.name}: ${others ?? why}`);
      figures.add(name, failovers, [runs.length]);
      figures.beside(name, moved, [own], fast.name, others === undefined ? { why: why ?? '' } : [others]);
    });
  } catch (error) {
    say(`  ${name} failed: ${reasonOf(error)}`);
    figures.add(name, failovers, { why: reasonOf(error) });
  }
}

/** Processes that do nothing but use the processors, until the part ends. */
async function burn(endings: Endings, folder: string): Promise<void> {
  for (let burner = 0; burner < cpus().length * burnersEach; burner++) {
    const command = ['sh', '-c', 'while :; do :; done'];
    const options = { name: 'burner', command, logFile: join(folder, 'burner.log'), diesWithUs: true };
    const child = await startChild(options);
    endings.add(() => stopChild(child));
  }
}
