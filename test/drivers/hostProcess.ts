import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import type { ProxiesEntry } from '../../src/contract/endpoints';
import type { Holding } from '../../src/drivers/traffic/carrier';
import type { Scene } from '../contract/agents';
import { ended } from './loadScene';

export interface HostProcess extends Omit<Holding, 'stop'> {
  serve(input: object): Promise<object>;
  /** Who answers at the address: its name, or the error's. */
  greet(input: { address: string; deadlineMs: number }): Promise<{ from: string }>;
  /** Ends the process as a crash does. */
  kill(): Promise<void>;
}

interface Call {
  resolve(output: unknown): void;
  reject(error: Error): void;
}

/** A host's part of a pair, in a process of its own within a network namespace. */
export function hostIn(scene: Scene, namespace: string, name: string, entry: ProxiesEntry): HostProcess {
  const script = JSON.stringify(require.resolve('./addressProcess'));
  const reader = `require('./tools/typescript.js').readTypeScript(); require(${script})`;
  const words = ['netns', 'exec', namespace, process.execPath, '-e', reader, name, JSON.stringify(entry)];
  const child = spawn('ip', words, {
    cwd: resolve(__dirname, '..', '..'),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const calls = new Map<number, Call>();
  let last = 0;
  child.on('message', (message: { id: number; output?: unknown; failed?: { message: string; code?: string } }) => {
    const { id, output, failed } = message;
    if (failed) calls.get(id)?.reject(Object.assign(new Error(failed.message), { code: failed.code }));
    else calls.get(id)?.resolve(output);
    calls.delete(id);
  });
  child.once('exit', () => {
    for (const call of calls.values()) call.reject(new Error(`the process of ${name} ended`));
  });
  scene.onEnd(() => ended(child));
  const ask =
    (operation: string) =>
    (input: unknown = {}): Promise<never> =>
      new Promise((done, reject) => {
        const id = ++last;
        calls.set(id, { resolve: done as Call['resolve'], reject });
        child.send({ id, operation, input });
      });
  return {
    prepare: ask('prepare'),
    holders: ask('holders'),
    take: ask('take'),
    release: ask('release'),
    serve: ask('serve'),
    greet: ask('greet'),
    kill: () => ended(child),
  };
}
