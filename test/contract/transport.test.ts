import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Transport } from '../../src/agent/transport';
import { Endings } from '../../src/laboratory/endings';
import { inside, Network } from '../../src/laboratory/network';
import { needs } from '../setup/needs';
import { ended } from '../drivers/loadScene';

const endings = new Endings();
afterEach(() => endings.close());

const run = needs('root', 'netns', 'ip');

/** Answers whatever it is asked, on connections that it keeps. */
const answering = `
  const answer = (_, response) => response.end('{}');
  require('node:http').createServer({ keepAliveTimeout: 60_000 }, answer).listen(7443, () => process.send({}));
`;

run('a connection that a partition broke while it was kept is given up when a new one would be', async () => {
  const network = await Network.open(endings, { p1: 'a' });
  const { namespace, address } = network.host('p1');
  const [program, ...words] = inside(namespace) as [string, ...string[]];
  const server = spawn(program, [...words, process.execPath, '-e', answering], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  endings.add(() => ended(server));
  await once(server, 'message');
  const transport = new Transport({ host: 'p1', url: `http://${address}:7443` });
  endings.add(() => transport.close());
  const ask = () => transport.ask({ method: 'GET', path: '/', timeoutMs: 12_000 });
  expect(await ask()).toMatchObject({ status: 200 });

  await network.cut('p1');
  const begun = performance.now();
  await expect(ask()).rejects.toMatchObject({ code: 'AgentUnreachable' });
  const tookMs = performance.now() - begun;
  process.stderr.write(`given up after ${Math.round(tookMs)} ms\n`);
  expect(tookMs).toBeLessThan(6_000);
  await network.mend('p1');
  expect(await ask()).toMatchObject({ status: 200 });
});
