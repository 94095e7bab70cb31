import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { Endings } from '../../src/laboratory/endings';
import { inside, Network } from '../../src/laboratory/network';
import { processesIn, signalAll } from '../../src/laboratory/processes';
import { answerOf } from '../../src/laboratory/run';
import { startChild } from '../../src/stack/children';
import { needs } from '../setup/needs';

const linux = needs('root', 'netns', 'ip');
const zones = { n1: 'a', p1: 'a', n2: 'b', et: 'c' };

async function withNetwork(work: (network: Network) => Promise<void>): Promise<void> {
  const endings = new Endings();
  try {
    await work(await Network.open(endings, zones));
  } finally {
    await endings.close();
  }
}

const timeoutMs = 250;

/** Whether a packet of a host (`us`: of this machine) finds an answer at another. */
async function sees(network: Network, from: string, to: string): Promise<boolean> {
  const port = 7;
  const probe = `
    const socket = require('net').connect({ host: '${network.host(to).address}', port: ${port}, timeout: ${timeoutMs} });
    const say = (word) => { console.log(word); process.exit(); };
    socket.on('error', (error) => say(error.code)).on('timeout', () => say('silence'));`;
  const where = from === 'us' ? [] : inside(network.host(from).namespace);
  return (await answerOf([...where, process.execPath, '-e', probe])).trim() === 'ECONNREFUSED';
}

linux('hosts see each other until one is cut, unplugged or parted, and again when that is mended', async () => {
  await withNetwork(async (network) => {
    expect(await sees(network, 'n1', 'n2')).toBe(true);
    expect(await sees(network, 'us', 'p1')).toBe(true);

    await network.cut('n1');
    expect(await sees(network, 'n1', 'n2')).toBe(false);
    expect(await sees(network, 'et', 'n2')).toBe(true);
    await network.mend('n1');
    expect(await sees(network, 'n1', 'n2')).toBe(true);

    await network.linkDown('n2');
    expect(await sees(network, 'et', 'n2')).toBe(false);
    await network.mend();
    expect(await sees(network, 'et', 'n2')).toBe(true);

    await network.partition(...network.inZone('a'));
    expect(await sees(network, 'n1', 'p1')).toBe(true);
    expect(await sees(network, 'n1', 'n2')).toBe(false);
    expect(await sees(network, 'us', 'p1')).toBe(false);
    expect(await sees(network, 'us', 'n2')).toBe(true);
    await network.mend();
    expect(await sees(network, 'us', 'p1')).toBe(true);
  });
});

linux('a host may carry an address that is not its own, and forwards', async () => {
  await withNetwork(async (network) => {
    for (const setting of ['ip_nonlocal_bind', 'ip_forward', 'conf/all/arp_notify', 'conf/all/arp_accept']) {
      const command = [...inside(network.host('n1').namespace), 'cat', `/proc/sys/net/ipv4/${setting}`];
      expect(await answerOf(command)).toBe('1\n');
    }
  });
});

linux('what runs in a namespace is found by its program, and ends with it, stopped or not', async () => {
  let pid = 0;
  await withNetwork(async (network) => {
    const { namespace } = network.host('n1');
    const command = [...inside(namespace), 'sleep', '1000'];
    pid = (await startChild({ name: 'sleeper', command, logFile: '/dev/null' })).pid;
    while (processesIn(namespace, 'sleep').length === 0) await new Promise(setImmediate);
    expect(processesIn(namespace, 'sleep')).toEqual([pid]);
    expect(processesIn(network.host('n2').namespace)).toEqual([]);
    signalAll([pid], 'SIGSTOP');
  });
  expect(readdirSync('/proc').includes(String(pid)) && readFileSync(`/proc/${pid}/comm`, 'utf8')).not.toBe('sleep\n');
  expect(readdirSync('/run/netns').filter((name) => name.startsWith(`ek${process.pid}n`))).toEqual([]);
  expect(Object.keys(networkInterfaces()).filter((name) => name.startsWith(`ek${process.pid}n`))).toEqual([]);
});

linux('two networks are open at once and have different addresses', async () => {
  await withNetwork(async (one) => {
    await withNetwork(async (other) => {
      expect(other.subnet).not.toBe(one.subnet);
      expect(await sees(one, 'us', 'n1')).toBe(true);
      expect(await sees(other, 'us', 'n1')).toBe(true);
    });
  });
});
