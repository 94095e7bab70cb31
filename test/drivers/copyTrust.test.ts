import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { Begun } from '../../src/services/mover/begun';
import { Batch } from '../../src/services/mover/batch';
import { KIND, OP, VERSION, frame, jsonFrame } from '../../src/services/mover/wire';
import { eventually } from '../setup/eventually';
import { bareHosts, context, digestOf, send, storeOf, type BareHosts } from './twoHosts';

let hosts: BareHosts | undefined;
afterEach(() => hosts?.stop());

const hello = (root: string, more: object = {}) => ({
  version: VERSION,
  token: 'sesame',
  host: 'stranger',
  session: 'x',
  lane: 0,
  lease: { target: 'files2', epoch: 1 },
  root,
  item: 'item',
  ...more,
});

/** What the door says to these frames, as the kinds and texts of its answers. */
async function say(port: number, frames: Buffer[]): Promise<{ kind: number; text: string }[]> {
  const socket = connect(port, '127.0.0.1');
  for (const one of frames) socket.write(one);
  const parts: Buffer[] = [];
  socket.on('data', (data: Buffer) => parts.push(data));
  socket.on('error', () => undefined);
  const answers = () => {
    const all = Buffer.concat(parts);
    const found = [];
    for (let at = 0; at + 12 <= all.length; at += all.readUInt32LE(at) + 4) {
      found.push({ kind: all[at + 4] ?? 0, text: all.toString('utf8', at + 12, at + 4 + all.readUInt32LE(at)) });
    }
    return found;
  };
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.on('data', () => answers().length === frames.length && socket.destroy());
  });
  return answers();
}

function batchOf(...ops: [op: number, name: string, body?: Buffer][]): Buffer {
  const batch = new Batch();
  for (const [op, name, body] of ops) {
    const at = batch.open(op, Buffer.from(name), 0, Buffer.byteLength(name));
    if (body !== undefined) batch.put(body);
    batch.close(at);
  }
  return Buffer.from(batch.seal(1));
}

test('a peer that shows no token, a wrong one, or no hello is turned away', async () => {
  hosts = await bareHosts();
  const { port } = await hosts.to.copy.door({});
  const { root } = hosts.to;
  for (const token of [undefined, '', 'sesam', 'sesamE']) {
    const [answer] = await say(port, [jsonFrame(KIND.HELLO, hello(root, { token }))]);
    expect(answer).toMatchObject({ kind: KIND.REFUSE, text: expect.stringContaining('Unauthenticated') as string });
  }
  const [first] = await say(port, [batchOf([OP.OPEN, ''])]);
  expect(first?.kind).toBe(KIND.REFUSE);
  const [garbage] = await say(port, [Buffer.from('GET / HTTP/1.1\r\n\r\n')]);
  expect(garbage?.kind).toBe(KIND.REFUSE);
});

test('no op leads out of the item', async () => {
  hosts = await bareHosts();
  const { port } = await hosts.to.copy.door({});
  const { root } = hosts.to;
  mkdirSync(join(root, 'item/sub'), { recursive: true });
  new Begun(join(hosts.folder, 'new-state', 'mover'), root).mark('item', '');
  mkdirSync(join(root, 'other'));
  writeFileSync(join(root, 'other/file'), 'of somebody else');
  const outside: [number, string, Buffer?][][] = [
    [[OP.OPEN, '..']],
    [[OP.OPEN, 'other']],
    [[OP.OPEN, 'item/../other']],
    [[OP.OPEN, '/etc']],
    [[OP.OPEN, 'item//sub']],
    [
      [OP.OPEN, ''],
      [OP.FOLDER, 'second'],
    ],
    [
      [OP.OPEN, ''],
      [OP.REMOVE, 'other'],
    ],
    [
      [OP.OPEN, 'item'],
      [OP.FOLDER, '..'],
    ],
    [
      [OP.OPEN, 'item'],
      [OP.FOLDER, 'sub/new'],
    ],
    [
      [OP.OPEN, 'item'],
      [OP.REMOVE, '../other'],
    ],
    [
      [OP.OPEN, 'item'],
      [OP.LINK, 'stolen', Buffer.from('other/file\0')],
    ],
    [[OP.FOLDER, 'nowhere']],
  ];
  for (const ops of outside) {
    const answers = await say(port, [jsonFrame(KIND.HELLO, hello(root)), batchOf(...ops)]);
    expect(answers.map(({ kind }) => kind)).toEqual([KIND.WELCOME, KIND.REFUSE]);
  }
  expect(readdirSync(root).toSorted()).toEqual(['item', 'other']);
  expect(readdirSync(join(root, 'item'))).toEqual(['sub']);
  expect(existsSync(join(root, 'other/file'))).toBe(true);
});

const lease = (epoch: number) => ({ lease: { target: 'files2', epoch } });

test('an older epoch is refused on the bulk port, whoever of this host has seen the newer one', async () => {
  hosts = await bareHosts();
  const { port } = await hosts.to.copy.door({});
  const { root, epochs } = hosts.to;
  const [, pong] = await say(port, [jsonFrame(KIND.HELLO, hello(root, lease(5))), frame(KIND.PING, 7)]);
  expect(pong?.kind).toBe(KIND.PONG);
  expect(epochs.all()).toEqual({ files2: 5 });
  await epochs.hold(
    { target: 'files2', epoch: 7 },
    () => undefined,
    async () => undefined,
  );
  for (const epoch of [4, 5, 6]) {
    const [stale] = await say(port, [jsonFrame(KIND.HELLO, hello(root, { ...lease(epoch), session: `s${epoch}` }))]);
    expect(stale).toMatchObject({ kind: KIND.REFUSE, text: expect.stringContaining('StaleEpoch') as string });
  }
});

/** A guest that has been welcomed and stays. */
async function guest(port: number, more: object): Promise<{ ended: Promise<void>; leave(): void }> {
  const socket = connect(port, '127.0.0.1');
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  socket.write(jsonFrame(KIND.HELLO, hello(hosts?.to.root ?? '', more)));
  const kind = await new Promise((resolve) => socket.once('data', (data: Buffer) => resolve(data[4])));
  socket.resume();
  expect(kind).toBe(KIND.WELCOME);
  return { ended, leave: () => void socket.destroy() };
}

test('a newer session ends the older ones of its item, on whichever thread they are', async () => {
  hosts = await bareHosts();
  const { port } = await hosts.to.copy.door({});
  const older = await Promise.all([1, 2, 3].map((lane) => guest(port, { session: 'older', lane })));
  const another = await guest(port, { item: 'another', session: 'older' });
  const newer = await guest(port, { session: 'newer' });
  await Promise.all(older.map(({ ended }) => ended));
  const stays = Promise.race([another.ended, newer.ended]).then(() => 'ended');
  expect(await Promise.race([stays, hosts.to.copy.door({}).then(() => 'stays')])).toBe('stays');
  another.leave();
  newer.leave();
});

test('a connection that replaces another of its lane has the item only when that one is through', async () => {
  hosts = await bareHosts();
  const { port } = await hosts.to.copy.door({});
  const cut = await guest(port, { lane: 1 });
  const other = await guest(port, { lane: 2 });
  const again = await guest(port, { lane: 1 });
  await cut.ended;
  const stays = Promise.race([other.ended, again.ended]).then(() => 'ended');
  expect(await Promise.race([stays, hosts.to.copy.door({}).then(() => 'stays')])).toBe('stays');
  other.leave();
  again.leave();
});

test('what is discarded is written by nobody any more', async () => {
  hosts = await bareHosts();
  const { port } = await hosts.to.copy.door({});
  const writer = await guest(port, { lease: { target: 'test', epoch: 1 } });
  const order = { store: storeOf(hosts.to), items: ['item'], lease: { target: 'test', epoch: 1 } };
  expect(await hosts.to.copy.discard(order, context())).toEqual({ removed: 0, left: [] });
  await writer.ended;
});

test('what dead connections left unread is not carried out after a discard', async () => {
  hosts = await bareHosts();
  const { port } = await hosts.to.copy.door({});
  const { root } = hosts.to;
  const claim = { target: 'test', epoch: 1 };
  for (let turn = 0; turn < 10; turn++) {
    const items = [1, 2, 3, 4].map((number) => `item-${turn}-${number}`);
    for (const item of items) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(jsonFrame(KIND.HELLO, hello(root, { lease: claim, item, session: item })));
      socket.write(batchOf([OP.OPEN, ''], [OP.FOLDER, item]));
      socket.end();
    }
    await new Promise((resolve) => setTimeout(resolve, turn)); // they have connected; how far they are is chance
    await hosts.to.copy.discard({ store: storeOf(hosts.to), items, lease: claim }, context());
    const there = readdirSync(root);
    expect(there).toEqual([]);
  }
  await hosts.to.copy.door({});
  expect(readdirSync(root)).toEqual([]);
});

test('a peer that takes the connection and says nothing does not keep a job from being stopped', async () => {
  hosts = await bareHosts();
  mkdirSync(join(hosts.from.root, 'item'));
  const sockets: Socket[] = [];
  const mute = createServer((socket) => void sockets.push(socket));
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = mute.address() as AddressInfo;
    jest.spyOn(hosts.to.copy, 'door').mockResolvedValue({ port });
    const stopper = new AbortController();
    const sending = send(hosts, ['item'], {}, stopper.signal).catch((error: unknown) => error);
    await eventually(() => sockets.length > 0);
    stopper.abort();
    expect(await sending).toMatchObject({ code: 'JobCancelled' });
  } finally {
    for (const socket of sockets) socket.destroy();
    mute.close();
  }
});

test('a job that is stopped before its mover has started never begins', async () => {
  hosts = await bareHosts();
  mkdirSync(join(hosts.from.root, 'item'));
  const stopper = new AbortController();
  const sending = send(hosts, ['item'], {}, stopper.signal).catch((error: unknown) => error);
  stopper.abort();
  expect(await sending).toMatchObject({ code: 'JobCancelled' });
  expect(readdirSync(hosts.to.root)).toEqual([]);
});

test('a newer run, wherever it acts on this host, first ends what the older one sends', async () => {
  hosts = await bareHosts();
  const { port } = await hosts.to.copy.door({});
  const { epochs } = hosts.to;
  const older = await guest(port, lease(1));
  let began = false;
  await epochs.hold(
    { target: 'files2', epoch: 2 },
    () => undefined,
    async () => void (began = true),
  );
  await older.ended;
  expect(began).toBe(true);
});

test('while a certificate is renewed and its key not yet, the last good pair holds', async () => {
  hosts = await bareHosts();
  const certificate = makeCertificates(hosts.folder);
  const [old, renewed] = [certificate('new', 'agent'), certificate('third', 'agent')];
  const agents = await bareHosts({ tls: { from: certificate('old', 'agent'), to: old } });
  try {
    mkdirSync(join(agents.from.root, 'item'));
    await send(agents, ['item']);
    copyFileSync(renewed.key, old.key);
    writeFileSync(join(agents.from.root, 'item/file'), 'later');
    expect(await send(agents, ['item'])).toMatchObject({ files: 1, failed: 0 });
  } finally {
    await agents.stop();
  }
});

/** A private authority, and certificates of it whose CN is the host and whose OU is the role. */
function makeCertificates(folder: string): (host: string, role: string) => { ca: string; cert: string; key: string } {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=fleet', '-days', '2');
  return (host, role) => {
    const file = `${host}-${role}`;
    openssl('req', ...key, '-keyout', `${file}.key`, '-out', `${file}.csr`, '-subj', `/CN=${host}/OU=${role}`);
    const sign = ['-req', '-in', `${file}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'];
    openssl('x509', ...sign, '-out', `${file}.crt`, '-days', '2');
    return { ca: join(folder, 'ca.crt'), cert: join(folder, `${file}.crt`), key: join(folder, `${file}.key`) };
  };
}

test('over TLS an agent copies without a token; a certificate of another role or of another host is turned away', async () => {
  hosts = await bareHosts();
  const certificate = makeCertificates(hosts.folder);
  const agents = await bareHosts({ tls: { from: certificate('old', 'agent'), to: certificate('new', 'agent') } });
  const viewer = await bareHosts({ tls: { from: certificate('old', 'viewer'), to: certificate('new', 'agent') } });
  const other = await bareHosts({ tls: { from: certificate('third', 'agent'), to: certificate('new', 'agent') } });
  try {
    for (const { from } of [agents, viewer, other]) {
      mkdirSync(join(from.root, 'item'));
      writeFileSync(join(from.root, 'item/file'), Buffer.alloc(3_000_000, 'x'));
    }
    expect(await send(agents, ['item'])).toMatchObject({ files: 1, failed: 0 });
    expect(await digestOf(agents.to, ['item'])).toEqual(await digestOf(agents.from, ['item']));
    for (const stranger of [viewer, other]) {
      await expect(send(stranger, ['item'])).rejects.toMatchObject({ code: 'Unauthenticated' });
      expect(readdirSync(stranger.to.root)).toEqual([]);
    }
  } finally {
    await Promise.all([agents.stop(), viewer.stop(), other.stop()]);
  }
});
