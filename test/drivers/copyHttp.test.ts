import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DriverTable, Host } from '../../src/drivers/host';
import { stream } from '../../src/drivers/copy/stream';
import { disk } from '../../src/drivers/files/disk';
import { moverOf } from '../../src/drivers/moverProcess';
import { freePort } from '../../src/stack/ports';
import { fleetOf, Scene } from '../contract/agents';
import { copyConformance } from './copyConformance';
import type { Side, TwoHosts } from './twoHosts';

/** Two agents on loopback, asked through HTTP: the same types, so the same suite. */
async function agentHosts(): Promise<TwoHosts> {
  const scene = new Scene();
  try {
    const folder = scene.directory();
    const urls = { old: `http://127.0.0.1:${await freePort()}`, new: `http://127.0.0.1:${await freePort()}` };
    const rootOf = (name: string) => join(folder, `${name}-store`);
    const fleet = fleetOf(urls);
    for (const [name, entry] of Object.entries(fleet.hosts)) entry.roots = [rootOf(name)];
    const start = async (name: keyof typeof urls): Promise<Side> => {
      mkdirSync(rootOf(name));
      let host: Host | undefined;
      const drivers: DriverTable = {
        copy: async (given) => stream((host = given)),
        files: async (given) => disk(given),
      };
      await scene.agent({ fleet, host: name, stateDir: join(folder, `${name}-state`), drivers });
      const { copy, files } = scene.client(urls[name], { host: name });
      return { name, copy, files, root: rootOf(name), killMover: () => killMover(host) };
    };
    return { folder, from: await start('old'), to: await start('new'), stop: () => scene.close() };
  } catch (error) {
    await scene.close();
    throw error;
  }
}

function killMover(host: Host | undefined): void {
  if (!host) return;
  const mover = moverOf(host);
  if (mover.pid !== undefined) process.kill(mover.pid, 'SIGKILL');
  void mover.release();
}

copyConformance('stream, through two agents', agentHosts);
