import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Refusal } from '../../contract/errors';
import type { Answer, Order } from '../../services/packets/protocol';
import type { Connection } from './connections';
import { Dialogue } from './dialogue';
import type { Ground } from './ground';
import { mark } from './routeTable';

/** Makes clients say something: it sends each a segment in the endpoint's name. */
export interface Provoker {
  /** So that it runs when it is needed. */
  warm(): void;
  provoke(connections: readonly Connection[]): Promise<void>;
  stop(): Promise<void>;
}

/** One process sends all of them; a process for each connection would take longer than the clients. */
export function provoker(ground: Ground): Provoker {
  const packets = new Dialogue(ground, 'packets', [process.execPath, mainFile()]);
  return {
    warm: () => void packets.start(),
    provoke: async (connections) => {
      const order: Order = {
        mark,
        segments: connections.map(({ client, endpoint }) => ({ from: endpoint, to: client })),
      };
      const heard = await packets.ask(`${JSON.stringify(order)}\n`, (text) =>
        text.endsWith('\n') ? text.trim() : undefined,
      );
      const { sent, why } = JSON.parse(heard) as Answer;
      if (sent === 0 && why !== undefined)
        throw new Refusal('KernelRefused', { what: 'provoking clients', host: ground.host.name, why });
    },
    stop: () => packets.stop(),
  };
}

/** Always the compiled one: a child process cannot run TypeScript. */
function mainFile(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return join(folder, 'dist/services/packets/main.js');
}
