import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { userInfo } from 'node:os';
import { ProxiesEntry } from '../../src/contract/endpoints';
import { proxyProcess } from '../../src/drivers/traffic/proxyProcess';
import { ended, identityOf, isRunning, signal } from '../../src/services/processes';
import { Scene } from '../contract/agents';
import { eventually } from '../setup/eventually';
import { needs } from '../setup/needs';
import { ended as endedChild, startProgram } from './loadScene';
import { pgbouncerFiles, type Pgbouncer } from './pgbouncerServer';

const withPgbouncer = needs('pgbouncer');
const pair = 'orders';

describe('the proxy of a node', () => {
  let scene: Scene;
  let stateDir: string;
  beforeEach(() => {
    scene = new Scene();
    stateDir = scene.directory();
    scene.onEnd(() => {
      for (const pid of pids.splice(0)) signal(pid, 'SIGKILL');
    });
  });
  afterEach(() => scene.close());
  const pids: ReturnType<typeof identityOf>[] = [];

  /** As an agent has it that has just started. */
  const proxyOf = ({ port, passwordFile, command }: Pgbouncer, over: object = {}) => {
    const node = (host: string) => ({
      ...{ host, address: '127.0.0.2', own: '127.0.0.1' },
      console: `postgres://evenkeel@127.0.0.1:${port}/pgbouncer`,
      password: { file: passwordFile },
      start: command,
      as: process.getuid?.() === 0 ? 'nobody' : userInfo().username,
      ...over,
    });
    const entry = ProxiesEntry.parse({ nodes: { p1: node('a'), p2: node('b') }, probe: { deadline: '500ms' } });
    const { startProxy } = proxyProcess({ name: 'a', stateDir, log: () => {} }, entry, pair);
    return async (deadlineMs = 10_000) => {
      const answer = await startProxy({ pair, deadlineMs });
      if (answer.pid !== undefined) pids.push(identityOf(answer.pid));
      return answer;
    };
  };

  withPgbouncer('is started once, as its own user, and is found again by the next agent', async () => {
    const bouncer = await pgbouncerFiles(scene);
    const start = proxyOf(bouncer);
    const [first, second] = await Promise.all([start(), start()]);
    expect(first).toMatchObject({ started: true, killed: false });
    expect(second).toMatchObject({ started: false, killed: false, pid: first!.pid });
    expect(await proxyOf(bouncer)()).toMatchObject({ started: false, pid: first!.pid });
    const status = readFileSync(`/proc/${first!.pid}/status`, 'utf8');
    expect(Number(/^Uid:\s+(\d+)/m.exec(status)?.[1])).toBe(bouncer.user.uid ?? process.getuid?.());
    await bouncer.console('SHOW VERSION');
  });

  withPgbouncer('is killed when it hangs, and another one answers', async () => {
    const bouncer = await pgbouncerFiles(scene);
    const { pid } = await proxyOf(bouncer)();
    const hung = identityOf(pid!);
    signal(hung, 'SIGSTOP');
    const again = await proxyOf(bouncer)();
    expect(again).toMatchObject({ started: true, killed: true });
    expect(again.pid).not.toBe(pid);
    expect(isRunning(hung)).toBe(false);
    await bouncer.console('SHOW VERSION');
  });

  withPgbouncer('is started anew after a crash, and whoever has its pid now is left alone', async () => {
    const bouncer = await pgbouncerFiles(scene);
    const { pid } = await proxyOf(bouncer)();
    const crashed = identityOf(pid!);
    signal(crashed, 'SIGKILL');
    expect(await ended(crashed, 5_000)).toBe(true);
    const somebody = startProgram(scene, ['sleep', '60']);
    writeFileSync(join(stateDir, 'proxies', 'orders.json'), JSON.stringify({ ...crashed, pid: somebody.pid }));
    expect(await proxyOf(bouncer)()).toMatchObject({ started: true, killed: false });
    expect(somebody.exitCode ?? somebody.signalCode).toBeNull();
  });

  withPgbouncer('is left alone when somebody else started it, also when it refuses the password', async () => {
    const bouncer = await pgbouncerFiles(scene);
    const child = startProgram(scene, bouncer.command, { cwd: bouncer.folder, ...bouncer.user });
    await eventually(() => bouncer.console('SHOW VERSION'));
    const found = await proxyOf(bouncer)();
    expect(found).toMatchObject({ started: false, killed: false });
    expect(found.pid).toBeUndefined();
    await expect(proxyOf(bouncer, { password: { env: 'HOME' } })()).rejects.toMatchObject({ code: 'NoProxy' });
    expect(child.exitCode ?? child.signalCode).toBeNull();
    await endedChild(child);
    await expect(proxyOf(bouncer, { start: undefined })()).rejects.toThrow('does not say how it is started');
  });

  withPgbouncer('says why it does not come up', async () => {
    const bouncer = await pgbouncerFiles(scene);
    await expect(proxyOf(bouncer, { start: ['/usr/sbin/pgbouncer', '/nowhere.ini'] })()).rejects.toThrow(
      'ended with 1',
    );
    await expect(proxyOf(bouncer, { start: ['/nowhere'] })()).rejects.toMatchObject({ code: 'NoProxy' });
    await expect(proxyOf(bouncer, { as: 'nobody-at-all' })()).rejects.toMatchObject({ code: 'NotPermitted' });
  });
});
