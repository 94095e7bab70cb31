import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EndpointEntry } from '../../src/contract/endpoints';
import { dns } from '../../src/drivers/traffic/dns';
import { Scene } from '../contract/agents';
import { needs } from '../setup/needs';
import { knotServer, zone } from './knotServer';

const withKnot = needs('knotd', 'kdig', 'knsupdate');

const endpoint = 'orders';
const name = `orders.${zone}`;
const lease = { target: endpoint, epoch: 1 };

const secret = Buffer.from('a secret of this test, long enough').toString('base64');

const dnsAt = (port: number, more: object = {}, named = name) => {
  const { resolve, announce } = dns(
    { name: 'a' },
    EndpointEntry.parse({
      ...{ name: named, members: {}, forwarders: {}, observers: ['a', 'b', 'c'] },
      dns: { server: '127.0.0.1', port, zone, ttl: 2, ...more },
    }),
    endpoint,
  );
  return {
    resolve: () => resolve({ endpoint }),
    announce: (address: string, as: 'member' | 'gone') => announce({ endpoint, lease, address, as }),
  };
};

describe('the DNS name of an endpoint', () => {
  let scene: Scene;
  beforeEach(() => void (scene = new Scene()));
  afterEach(() => scene.close());

  withKnot('says the forwarders that were announced, and no other one after they are gone', async () => {
    const server = await knotServer(scene);
    const { resolve, announce } = dnsAt(server.port);
    expect(await resolve()).toEqual({ addresses: [] });
    expect(await announce('198.18.0.1', 'member')).toEqual({ addresses: ['198.18.0.1'] });
    expect(await announce('198.18.0.2', 'member')).toEqual({ addresses: ['198.18.0.1', '198.18.0.2'] });
    expect(await announce('198.18.0.2', 'member')).toEqual({ addresses: ['198.18.0.1', '198.18.0.2'] });
    expect(await announce('2001:db8::7:0:1', 'member')).toEqual({
      addresses: ['198.18.0.1', '198.18.0.2', '2001:db8::7:0:1'],
    });
    expect(await resolve()).toMatchObject({ ttlSeconds: 2 });
    expect(server.dig(name).toSorted()).toEqual([`${name}. 2 IN A 198.18.0.1`, `${name}. 2 IN A 198.18.0.2`]);
    expect(server.dig(name, 'AAAA')).toEqual([`${name}. 2 IN AAAA 2001:db8::7:0:1`]);
    await announce('2001:db8::7:0:1', 'gone');
    expect(await announce('198.18.0.1', 'gone')).toEqual({ addresses: ['198.18.0.2'] });
    expect(await announce('198.18.0.1', 'gone')).toEqual({ addresses: ['198.18.0.2'] });
    expect(server.dig(name)).toEqual([`${name}. 2 IN A 198.18.0.2`]);
  });

  withKnot('says what another client has changed, also when it is too long for one datagram', async () => {
    const server = await knotServer(scene);
    const all = Array.from({ length: 60 }, (_, index) => `198.18.1.${index}`);
    const lines = [`server 127.0.0.1 ${server.port}`, `zone ${zone}.`];
    const input = [...lines, ...all.map((address) => `add ${name}. 5 A ${address}`), 'send', ''].join('\n');
    expect(spawnSync('knsupdate', { input, encoding: 'utf8', timeout: 10_000 }).status).toBe(0);
    expect(await dnsAt(server.port).resolve()).toEqual({ addresses: all.toSorted(), ttlSeconds: 5 });
  });

  for (const algorithm of ['hmac-sha256', 'hmac-sha512'] as const)
    withKnot(`takes what is signed with its key (${algorithm}), and nothing else`, async () => {
      const server = await knotServer(scene, { name: 'evenkeel', algorithm, secret });
      const file = (text: string) => {
        const path = join(scene.directory(), 'key');
        writeFileSync(path, text, { mode: 0o600 });
        return { file: path };
      };
      const withKey = (key: object) =>
        dnsAt(server.port, { key: { name: 'evenkeel', algorithm, secret: file(secret), ...key } });
      expect(await withKey({}).announce('198.18.0.1', 'member')).toEqual({ addresses: ['198.18.0.1'] });
      await expect(dnsAt(server.port).announce('198.18.0.2', 'member')).rejects.toThrow('NOTAUTH');
      const other = withKey({ secret: file(Buffer.from('another').toString('base64')) });
      await expect(other.announce('198.18.0.2', 'member')).rejects.toThrow('BADSIG');
      await expect(withKey({ name: 'nobody' }).announce('198.18.0.2', 'member')).rejects.toThrow('BADKEY');
      jest.useFakeTimers({ now: Date.now() - 3_600_000, doNotFake: ['setTimeout', 'nextTick', 'performance'] });
      await expect(withKey({}).announce('198.18.0.2', 'member')).rejects.toThrow('BADTIME');
      jest.useRealTimers();
      expect(server.dig(name)).toHaveLength(1);
    });

  withKnot('does not believe an answer without the signature of its key', async () => {
    const server = await knotServer(scene);
    const path = join(scene.directory(), 'key');
    writeFileSync(path, secret, { mode: 0o600 });
    // It grants whatever is asked, as somebody in between would.
    const liar = createSocket('udp4');
    liar.on('message', (bytes, { port, address }) => {
      const header = Buffer.alloc(12);
      bytes.copy(header, 0, 0, 2);
      header.writeUInt16BE(0xa8_00, 2);
      liar.send(header, port, address);
    });
    const port = await new Promise<number>((resolve) => liar.bind(0, '127.0.0.1', () => resolve(liar.address().port)));
    scene.onEnd(() => new Promise<void>((resolve) => liar.close(resolve)));
    const key = { name: 'evenkeel', secret: { file: path } };
    await expect(dnsAt(port, { key }).announce('198.18.0.1', 'member')).rejects.toThrow('is not signed');
    expect(server.dig(name)).toEqual([]);
  });

  withKnot('is refused with the words of the server, and says when that does not answer', async () => {
    const server = await knotServer(scene);
    await expect(dnsAt(server.port, {}, 'orders.example.com').announce('198.18.0.1', 'member')).rejects.toThrow(
      'NOTZONE',
    );
    const closed = dnsAt(server.port, { zone: 'example.net' }, 'orders.example.net');
    await expect(closed.announce('198.18.0.1', 'member')).rejects.toMatchObject({ code: 'DnsSaidNo' });
    await server.stop();
    await expect(dnsAt(server.port).resolve()).rejects.toThrow('ECONNREFUSED');
    await expect(dnsAt(server.port).announce('198.18.0.1', 'member')).rejects.toMatchObject({ code: 'DnsSilent' });
  });
});
