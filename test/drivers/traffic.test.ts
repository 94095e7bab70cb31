import type { CapabilityOf } from '../../src/drivers/host';
import { needs } from '../setup/needs';
import { eventually } from '../setup/eventually';
import { at, close, open, servers, TrafficScene, type By } from './trafficScene';

type Traffic = CapabilityOf<'traffic'>;

const told = (what: string, values: number[]): void => {
  const sorted = values.toSorted((a, b) => a - b).map((value) => Math.round(value * 10) / 10);
  process.stderr.write(`${what}: ${sorted[0]}..${sorted.at(-1)} ms, median ${sorted[sorted.length >> 1]}\n`);
};

const ways: [by: By, through: 'driver' | 'agent'][] = [
  ['nftables', 'driver'],
  ['iptables', 'driver'],
  ['nftables', 'agent'],
];

describe.each(ways)('routes by %s, through the %s', (by, through) => {
  const run = needs('root', 'netns', 'ip', by === 'nftables' ? 'nft' : 'iptables', 'conntrack');
  let scene: TrafficScene;
  let driver: Traffic;
  beforeEach(async () => {
    if (run === test.skip) return;
    scene = new TrafficScene(by);
    await scene.open();
    driver = await (through === 'agent' ? scene.agentTraffic() : scene.bareTraffic());
  });
  afterEach(() => scene?.close());

  run('an endpoint has no route until it is opened, and then its clients reach the server', async () => {
    expect(await driver.routes({ endpoint: 'orders' })).toEqual({
      endpoint: 'orders',
      state: 'absent',
      epoch: 0,
      rejected: [],
    });
    const opened = { endpoint: 'orders', state: 'open', epoch: 7, to: at('one'), rejected: [] };
    expect(await driver.open(open(7, 'one'))).toEqual(opened);
    expect(await driver.routes({ endpoint: 'orders' })).toEqual(opened);
    expect(await scene.ask()).toMatchObject({ by: 'one' });
    expect(await scene.ask('forwarder')).toMatchObject({ by: 'one' });
  });

  run('closed, it answers with a reset at once; opened to another server, it leads there', async () => {
    await driver.open(open(1, 'one'));
    expect(await driver.close(close(1, 2))).toEqual({
      endpoint: 'orders',
      state: 'closed',
      epoch: 2,
      rejected: [servers.one],
    });
    const refused = [];
    for (let i = 0; i < 10; i++) refused.push(await scene.ask());
    expect(refused).toEqual(Array.from({ length: 10 }, () => expect.objectContaining({ error: 'ECONNREFUSED' })));
    told(
      `${by}: a reset while it is closed comes after`,
      refused.map(({ ms }) => ms),
    );
    expect(await scene.ask('forwarder')).toMatchObject({ error: 'ECONNREFUSED' });

    expect(await driver.open(open(2, 'two'))).toMatchObject({ state: 'open', epoch: 2, to: at('two') });
    expect(await scene.ask()).toMatchObject({ by: 'two' });
    expect(await scene.ask('forwarder')).toMatchObject({ by: 'two' });
  });

  run(
    'of a change only the first that expects the same epoch is made; asked again it is answered with what is',
    async () => {
      await driver.open(open(3, 'one'));
      await expect(driver.close(close(2, 2))).rejects.toMatchObject({ code: 'StaleEpoch', facts: { known: 3 } });
      await expect(driver.open(open(3, 'two'))).rejects.toMatchObject({ code: 'NotClosed' });
      await expect(driver.open(open(2, 'one'))).rejects.toMatchObject({ code: 'StaleEpoch' });
      expect(await driver.open(open(3, 'one'))).toMatchObject({ state: 'open', epoch: 3 });

      const closed = await driver.close(close(3, 5));
      expect(await driver.close(close(3, 5))).toEqual(closed);
      await expect(driver.close(close(3, 4))).rejects.toMatchObject({ code: 'StaleEpoch' });
      const opened = await driver.open(open(5, 'two'));
      expect(await driver.close(close(3, 5))).toEqual(opened);
      // Newer epochs come last: an agent refuses older ones once it has seen them, whatever became of those.
      const moved = { code: 'EpochMoved', facts: { known: 5, from: 3 } };
      await expect(driver.close(close(3, 6))).rejects.toMatchObject(moved);
      await expect(driver.open(open(6, 'one'))).rejects.toMatchObject({ code: 'NotClosed' });
      expect(await scene.ask()).toMatchObject({ by: 'two' });
      await driver.close(close(5, 7));
      await expect(driver.open(open(8, 'one'))).rejects.toMatchObject({ code: 'EpochMoved' });
    },
  );

  run('closed for the time being it keeps its epoch, and opens again under it', async () => {
    await driver.open(open(4, 'one'));
    expect(await driver.close(close(4, 4))).toMatchObject({ state: 'closed', epoch: 4 });
    expect(await driver.close(close(4, 4))).toMatchObject({ state: 'closed', epoch: 4 });
    expect(await scene.ask()).toMatchObject({ error: 'ECONNREFUSED' });
    expect(await driver.open(open(4, 'one'))).toMatchObject({ state: 'open', rejected: [] });
    expect(await scene.ask()).toMatchObject({ by: 'one' });
  });

  run('a route that never was open can be closed, with what it is to reject', async () => {
    await expect(driver.close(close(1, 2))).rejects.toMatchObject({ code: 'EpochMoved' });
    expect(await driver.close(close(0, 2, [servers.one]))).toMatchObject({
      state: 'closed',
      epoch: 2,
      rejected: [servers.one],
    });
    expect(await driver.open(open(2, 'one'))).toMatchObject({ state: 'open', rejected: [] });
    expect(await scene.ask()).toMatchObject({ by: 'one' });
  });

  run('connections survive an agent that starts again, and so do route and epoch', async () => {
    await driver.open(open(1, 'one'));
    await driver.close(close(1, 2));
    const opened = await driver.open(open(2, 'two'));
    let over = false;
    const { over: end } = await scene.clients.get('outside')!.wait();
    void end.then(() => (over = true));

    const again = await scene.bareTraffic();
    expect(await again.routes({ endpoint: 'orders' })).toEqual(opened);
    expect(await again.close(close(1, 2))).toEqual(opened);
    expect(await scene.ask()).toMatchObject({ by: 'two' });
    expect(over).toBe(false);
    expect(await again.close(close(2, 3))).toMatchObject({ state: 'closed', rejected: [servers.one, servers.two] });
    expect(await again.open(open(3, 'one'))).toMatchObject({ state: 'open', rejected: [servers.two] });
    expect(await scene.ask()).toMatchObject({ by: 'one' });
  });

  run.each(['outside', 'forwarder'] as const)(
    'clients %s that only wait for a server that is gone are freed',
    async (from) => {
      await driver.open(open(1, 'one'));
      const waiting = await Promise.all(Array.from({ length: 20 }, () => scene.clients.get(from)!.wait()));
      scene.cut('one');
      await driver.close(close(1, 2));
      await driver.open(open(2, 'two'));
      const start = performance.now();
      const after = waiting.map(async ({ over }) => ({ ...(await over), after: performance.now() - start }));
      const freed = await driver.free({ endpoint: 'orders', address: servers.one });
      expect(freed).toMatchObject({ found: 20, left: 0 });
      const ends = await Promise.all(after);
      expect(ends.map(({ error }) => error)).toEqual(Array.from({ length: 20 }, () => 'ECONNRESET'));
      told(
        `${by}: clients ${from} were freed after`,
        ends.map((end) => end.after),
      );
      told(`${by}: free answered after`, [freed.tookMs]);
      expect(await driver.free({ endpoint: 'orders', address: servers.one })).toMatchObject({ found: 0, left: 0 });
      expect(await scene.ask(from)).toMatchObject({ by: 'two' });
    },
  );

  run('clients are freed whose server was ended only after nothing of it reaches them any more', async () => {
    await driver.open(open(1, 'one'));
    const waiting = await Promise.all(Array.from({ length: 5 }, () => scene.clients.get('outside')!.wait()));
    await driver.close(close(1, 2));
    await scene.end('one');
    await driver.open(open(2, 'two'));
    // The end has been said again by then: that makes it look as if the client had ended as well.
    await eventually(() => scene.states().every((state) => state === 'LAST_ACK'));
    expect(await driver.free({ endpoint: 'orders', address: servers.one })).toMatchObject({ found: 5, left: 0 });
    const ends = await Promise.all(waiting.map(({ over }) => over));
    expect(ends.map(({ error }) => error)).toEqual(Array.from({ length: 5 }, () => 'ECONNRESET'));
  });

  run('who is connected to the present server is not freed', async () => {
    await driver.open(open(1, 'one'));
    await expect(driver.free({ endpoint: 'orders', address: servers.one })).rejects.toMatchObject({
      code: 'NotClosed',
    });
  });

  run('what no rule can be made of is refused, and so is what is not this host’s', async () => {
    const address = '2001:db8::7';
    const input = { ...open(1, 'one'), to: { address, port: 5432 } };
    await expect(driver.open(input)).rejects.toMatchObject({ code: 'NotForwarded', facts: { address } });
    await expect(driver.close(close(0, 1, ['1.2.3.4 }; flush ruleset']))).rejects.toMatchObject({
      code: 'NotForwarded',
    });
    await expect(driver.routes({ endpoint: 'order' })).rejects.toMatchObject({ code: 'UnknownEndpoint' });
    const elsewhere = await scene.bareTraffic({ forwarders: {} });
    await expect(elsewhere.routes({ endpoint: 'orders' })).rejects.toMatchObject({ code: 'NoPart' });
  });

  run('of many that close the same route under epochs of their own exactly one does', async () => {
    const agents = await Promise.all(Array.from({ length: by === 'nftables' ? 8 : 2 }, () => scene.bareTraffic()));
    let from = 1;
    await driver.open(open(1, 'one'));
    for (let round = 0; round < 3; round++) {
      const racers = Array.from({ length: by === 'nftables' ? 40 : 6 }, (_, number) => ({
        driver: agents[number % agents.length]!,
        epoch: from + 1 + ((number * 17) % 40),
        server: number % 2 === 0 ? ('one' as const) : ('two' as const),
      }));
      const outcomes = await Promise.allSettled(racers.map((racer) => racer.driver.close(close(from, racer.epoch))));
      const winners = racers.filter((_, number) => outcomes[number]!.status === 'fulfilled');
      expect(winners).toHaveLength(1);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected')
          expect(['EpochMoved', 'StaleEpoch']).toContain((outcome.reason as { code: string }).code);
      const opens = await Promise.allSettled(racers.map((racer) => racer.driver.open(open(racer.epoch, racer.server))));
      const [{ epoch, server }] = winners as [(typeof racers)[number]];
      // Who wants it where it is already is told so, and under whose epoch.
      for (const outcome of opens)
        if (outcome.status === 'fulfilled') expect(outcome.value).toMatchObject({ epoch, to: at(server) });
      expect(await driver.routes({ endpoint: 'orders' })).toMatchObject({ state: 'open', epoch, to: at(server) });
      expect(await scene.ask()).toMatchObject({ by: server });
      from = epoch;
    }
  });

  run('how long a change takes', async () => {
    await driver.open(open(1, 'one'));
    const took: number[] = [];
    for (let epoch = 2; epoch < 12; epoch++) {
      const start = performance.now();
      await driver.close(close(epoch - 1, epoch));
      took.push(performance.now() - start);
      await driver.open(open(epoch, 'one'));
    }
    told(`${by}, ${through}: close took`, took);
  });

  run('connections to a rejected server are reset when they send, and hear nothing more of it', async () => {
    await driver.open(open(1, 'one'));
    const outside = scene.clients.get('outside')!;
    const [silent, listening] = [await outside.wait(), await outside.listen()];
    await eventually(async () => (await listening.heard()) > 30);
    await driver.close(close(1, 2));
    await driver.open(open(2, 'two'));
    await eventually(async () => {
      const before = await listening.heard();
      for (let i = 0; i < 20; i++) expect(await scene.ask()).toMatchObject({ by: 'two' });
      return (await listening.heard()) === before;
    });
    silent.say();
    expect(await silent.over).toMatchObject({ error: 'ECONNRESET' });
  });
});
