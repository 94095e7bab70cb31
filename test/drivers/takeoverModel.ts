import { ProxiesEntry } from '../../src/contract/endpoints';
import { Refusal } from '../../src/contract/errors';
import type { Deed, Observation, Sight } from '../../src/contract/sights';
import type { Host } from '../../src/drivers/host';
import { Acquaintance } from '../../src/drivers/watch/acquaintance';
import { DeedBook } from '../../src/drivers/watch/deedBook';
import { Homecomings } from '../../src/drivers/watch/homecoming';
import { Takeovers } from '../../src/drivers/watch/takeover';
import { pause, type Chance } from '../setup/virtualTime';

const pair = 'front';
const console = 'postgresql://ops@127.0.0.1:6432/pgbouncer';
const node = (host: string, at: number) => ({
  ...{ host, own: `10.0.0.${at}`, address: `10.0.0.${at + 100}`, port: 6432, device: 'eth0', console },
  ...{ start: ['/usr/sbin/pgbouncer', '/etc/pgbouncer/pgbouncer.ini'] },
});
const entryOf = (by: ProxiesEntry['by']) =>
  ProxiesEntry.parse({ nodes: { n1: node('a', 1), n2: node('b', 2) }, by, autonomy: 'act' });
const sight = (says: Sight['says']): Sight => ({ says, misses: says === 'answers' ? 0 : 2, sinceMs: Date.now() });

export interface Troubles {
  by?: ProxiesEntry['by'];
  /** The proxy hangs: only its own agent knows it well, and the other one asks before it acts. */
  hangs?: boolean;
  /** So often host a does not come to have the address. */
  broken?: number;
  /** Nobody has the address, since who moved it died over it. */
  astray?: boolean;
  /** Somebody has flushed the rules of both kernels, and the epochs with them; the agents have theirs on disk. */
  flushed?: boolean;
  /** The dead proxy answers now and then. */
  stutters?: boolean;
  /** One of the agents is killed in the midst of it, and starts again. */
  crash?: boolean;
  /** How long a question and its answer take together at most, ms, where nothing is the matter: an agent waits for 100. */
  lateMs?: number;
  /** For how long the agents look, ms. */
  lookMs?: number;
}

export interface End {
  /** Who has the address then. */
  held: string;
  deeds: Deed[];
  /** The longest time for which nobody had it, ms. */
  nobodyMs: number;
  /** When it came to where it was in the end, ms since the proxy died. */
  settledMs: number;
}

/** Both agents of a pair whose second proxy, on b, has died, in virtual time. */
export async function dies(stateDirs: readonly [string, string], chance: Chance, troubles: Troubles): Promise<End> {
  const { broken = 0, astray = false, crash = false, lookMs = 1_200 } = troubles;
  const world = new World(chance, troubles);
  const a = new Agent(world, 'a', stateDirs[0], new Kernel('a', false, world, broken));
  const b = new Agent(world, 'b', stateDirs[1], new Kernel('b', !astray, world));
  world.agents = new Map([a, b].map((agent) => [agent.name, agent]));
  for (const agent of [a, b]) agent.start();
  await pause(60);
  const log = new Log(world);
  world.changed = () => log.note();
  if (crash) void (chance() < 0.5 ? a : b).crash();
  await Promise.all([a, b].map((agent) => agent.look(lookMs)));
  world.changed = () => {};
  return { ...log.end(), deeds: (await Promise.all([a, b].map((agent) => agent.past()))).flat() };
}

/** Who had the address at which time. */
class Log {
  private readonly diedMs = performance.now();
  private sinceMs = 0;
  private nobodyMs = 0;
  private held: string;

  constructor(private readonly world: World) {
    this.held = world.held();
  }

  note(): void {
    const now = this.world.held();
    if (now === this.held) return;
    this.close();
    [this.held, this.sinceMs] = [now, performance.now() - this.diedMs];
  }

  end(): Omit<End, 'deeds'> {
    this.close();
    return { held: this.held, nobodyMs: this.nobodyMs, settledMs: this.sinceMs };
  }

  private close(): void {
    const forMs = performance.now() - this.diedMs - this.sinceMs;
    if (this.held === '') this.nobodyMs = Math.max(this.nobodyMs, forMs);
  }
}

class World {
  agents = new Map<string, Agent>();
  changed = () => {};

  readonly entry: ProxiesEntry;

  constructor(
    readonly chance: Chance,
    readonly troubles: Troubles,
  ) {
    this.entry = entryOf(troubles.by ?? 'address');
  }

  held = () => [...this.agents.values()].flatMap(({ name, kernel }) => (kernel.held ? [name] : [])).join(' and ');

  dead = () => sight(this.troubles.hangs ? 'silent' : 'refused');

  upTo = (ms: number) => pause(this.chance() * ms);

  /** One time in ten it takes far longer than else. */
  travel = () => this.upTo(((this.troubles.lateMs ?? 25) / 2) * (this.chance() < 0.1 ? 5 : 1));
}

/** What the kernel of a host says of the address of n2, with the rules of the `traffic` driver and the time that each step takes. */
class Kernel {
  private epoch: number;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly host: string,
    public held: boolean,
    private readonly world: World,
    private broken = 0,
  ) {
    this.epoch = world.troubles.flushed ? 0 : 4;
  }

  readonly view = () => ({ node: 'n2', held: this.held, epoch: this.epoch });

  take(from: number, epoch: number) {
    return this.inTurn(async () => {
      if (epoch > from && this.epoch === from) this.epoch = epoch;
      else this.refuseOlder(epoch);
      if (epoch > this.epoch)
        throw new Refusal('EpochMoved', { endpoint: pair, host: this.host, known: this.epoch, from });
      await this.world.upTo(25);
      if (this.broken-- > 0) throw new Refusal('NoPart', { host: this.host, part: 'device', name: 'eth0' });
      this.held = true;
    });
  }

  release(epoch: number) {
    return this.inTurn(async () => {
      this.refuseOlder(epoch);
      this.epoch = epoch;
      await this.world.upTo(25);
      this.held = false;
    });
  }

  private refuseOlder(epoch: number) {
    if (epoch < this.epoch)
      throw new Refusal('StaleEpoch', { target: pair, host: this.host, known: this.epoch, given: epoch });
  }

  private inTurn(work: () => Promise<void>) {
    const mine = this.turn.then(work).then(this.view);
    this.turn = mine.catch(() => undefined).then(this.world.changed);
    return mine;
  }
}

type Calls = Record<string, (input: any) => Promise<unknown>>;

/** The real deciders of an agent, which ask the other one over a network that is late. */
class Agent {
  /** From a start to a crash. What belongs to an ended one is heard by nobody. */
  private life:
    { over: boolean; book: DeedBook; takeovers: Takeovers; homecomings: Homecomings; end(): void } | undefined;

  private newest = 4;

  constructor(
    private readonly world: World,
    readonly name: string,
    private readonly stateDir: string,
    readonly kernel: Kernel,
  ) {}

  start(): void {
    const book = new DeedBook(this.stateDir);
    const life = { over: false };
    const peer = (at: string, capability: string) => {
      const calls = Object.keys(this.world.agents.get(at)!.calls(capability)).map((call) => [
        call,
        (input: unknown) => this.ask(life, this.world.agents.get(at)!, capability, call, input),
      ]);
      return Object.fromEntries(calls) as unknown;
    };
    const { name } = this;
    const host = { name, proxies: { [pair]: this.world.entry }, log: () => {}, peer } as Partial<Host> as Host;
    const acquaintance = new Acquaintance(host);
    // Also one that has nothing to remember yet.
    const knows = setTimeout(() => acquaintance.start(), this.world.chance() < 0.5 ? 0 : this.world.chance() * 2_000);
    const [takeovers, homecomings] = [
      new Takeovers(host, book, acquaintance),
      new Homecomings(host, book, acquaintance),
    ];
    const end = () => {
      clearTimeout(knows);
      acquaintance.stop();
    };
    this.life = Object.assign(life, { book, takeovers, homecomings, end });
  }

  async crash(): Promise<void> {
    await this.world.upTo(400);
    this.stop();
    await this.world.upTo(3_000);
    this.start();
  }

  /** What it sees of the proxies, again and again. */
  async look(forMs: number): Promise<void> {
    const { chance, troubles, entry, upTo } = this.world;
    const [n1, n2] = [sight('answers'), this.world.dead()];
    const seen: Observation = { observer: 'it', revision: 1, atMs: Date.now(), starvedMs: 0, sights: { n1, n2 } };
    await upTo(80);
    for (const beganMs = performance.now(), endMs = beganMs + forMs; performance.now() < endMs;) {
      const now = troubles.stutters && chance() < 0.3 ? { ...seen, sights: { n1, n2: n1 } } : seen;
      this.life?.takeovers.consider(pair, entry, now);
      this.life?.homecomings.consider(pair, entry, now);
      await pause(performance.now() < beganMs + 2_000 ? 20 : 200);
    }
    await this.life?.takeovers.stop();
    this.stop();
  }

  past = () => new DeedBook(this.stateDir).past(pair, 0, 0);

  private stop(): void {
    if (!this.life) return;
    this.life.over = true;
    this.life.end();
    this.life = undefined;
  }

  /** What is asked arrives though nobody may wait for the answer any more. */
  private async ask(life: { over: boolean }, other: Agent, capability: string, call: string, input: unknown) {
    if (life.over) return nothing;
    if (other !== this) await this.world.travel();
    if (!other.life) throw new Error('connect ECONNREFUSED');
    const { over, kernel } = { over: other.life, kernel: other.calls(capability)[call]!(input) };
    const answer = await kernel.then(
      (value: unknown) => () => value,
      (error: unknown) => () => {
        throw error;
      },
    );
    if (over.over) throw new Error('socket hang up');
    await (other === this ? this.world.upTo(40) : this.world.travel());
    return life.over ? nothing : answer();
  }

  /** What an agent has on disk outlives it, and is there before the kernel has it. */
  private async admit(epoch: number): Promise<void> {
    if (epoch < this.newest)
      throw new Refusal('StaleEpoch', { target: pair, host: this.name, known: this.newest, given: epoch });
    this.newest = epoch;
    await this.world.upTo(40);
  }

  private calls(capability: string): Calls {
    const { kernel, world } = this;
    const n1 = { node: 'n1', held: this.name === 'a', epoch: 1 };
    const traffic: Calls = {
      holders: async () => {
        await world.upTo(5);
        return { holders: [kernel.view(), n1] };
      },
      take: async ({ from, lease }: { from: number; lease: { epoch: number } }) => {
        await this.admit(lease.epoch);
        return kernel.take(from, lease.epoch);
      },
      release: async ({ lease }: { lease: { epoch: number } }) => {
        await this.admit(lease.epoch);
        return kernel.release(lease.epoch);
      },
    };
    const watch: Calls = {
      look: async () => ({ sights: { n2: world.dead() } }),
      deeds: async () => ({ deeds: await this.life!.book.past(pair, 0, 0) }),
    };
    return capability === 'traffic' ? traffic : watch;
  }
}

/** Nobody hears it. */
const nothing = new Promise<never>(() => {});
