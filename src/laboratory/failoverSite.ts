import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { createAuthority } from '../agent/authority';
import { createAgentClient, type AgentClient } from '../agent/client';
import type { Fleet } from '../contract/fleet';
import { loadFleet } from '../fleet/load';
import { startStack, type Stack } from '../stack/embedded';
import { postgresBin } from '../stack/machine';
import { AgentProcess } from './agentProcess';
import { Database } from './database';
import type { Endings } from './endings';
import { forwarderPooler, nodeProxy, proxyAddress, rootOf, writeFleet, type Ground } from './failoverFleet';
import { agentHostsOf, layoutOf, membersOf, zonesOf, type FailoverOptions } from './failoverOptions';
import { Faults } from './faults';
import { startNameServer } from './nameServer';
import { inside, Network } from './network';
import { postgresTemplate } from './postgresTemplate';
import { as, serverUser } from './serverUser';
import { startChild } from '../stack/children';
import { until } from './until';

/**
 * Compute nodes with proxies, a cluster, forwarders of two zones behind one DNS name, a third observer and clients, each in a
 * network namespace of its own; agents on them that know each other by certificates, and a control plane on this machine.
 */
export class FailoverSite {
  readonly databases = new Map<string, Database>();
  readonly agents = new Map<string, AgentProcess>();
  readonly faults: Faults;
  /** The fleet as the worker knows it. */
  readonly fleet: Fleet;
  private readonly clients = new Map<string, AgentClient>();
  private raised: Stack | undefined;

  private constructor(
    private readonly endings: Endings,
    readonly ground: Ground,
    /** Of the worker. */
    readonly fleetFile: string,
  ) {
    this.fleet = loadFleet(fleetFile).fleet;
    this.faults = new Faults(this);
  }

  static async open(endings: Endings, options: FailoverOptions = {}): Promise<FailoverSite> {
    const layout = layoutOf(options);
    const folder = options.folder ?? temporaryFolder(endings);
    // Database and poolers run as another user.
    chmodSync(folder, 0o755);
    const bin = postgresBin();
    if (bin === undefined) throw new Error('no PostgreSQL here: apt-get install postgresql');
    const network = await Network.open(endings, zonesOf(layout));
    // Where nothing moves but connections, each node has its clients' address for good.
    if (layout.proxies && layout.proxiesEntry.by === 'nftables')
      await Promise.all(['n1', 'n2'].map((node) => network.give(node, proxyAddress(network, node))));
    const ground = { folder, network, layout, bin, user: serverUser() };
    await createAuthority(join(folder, 'certificates'), 'laboratory');
    const site = new FailoverSite(endings, ground, await writeFleet(ground, 'worker'));
    // An agent does not start without the data that it is to answer for.
    await site.layCluster();
    await settled([site.raiseServers(), ...(layout.agents ? [site.startAgents()] : [])]);
    if (layout.controlPlane) await site.raiseControlPlane();
    return site;
  }

  get network(): Network {
    return this.ground.network;
  }

  /** Changes the rails of the fleet as the worker knows it. */
  limit(limits: object): void {
    const file = parse(readFileSync(this.fleetFile, 'utf8')) as object;
    writeFileSync(this.fleetFile, stringify({ ...file, limits }));
  }

  /** Temporal, the worker and the API. */
  get stack(): Stack {
    if (!this.raised) throw new Error('this laboratory was opened without a control plane');
    return this.raised;
  }

  database(member: string): Database {
    const database = this.databases.get(member);
    if (!database) throw new Error(`the laboratory has no database ${member}`);
    return database;
  }

  /** The member that says it is the primary, of those that answer. */
  async primary(): Promise<string | undefined> {
    const asked = [...this.databases.values()].map(async (database) => {
      const [row] = await database.ask('select pg_is_in_recovery() as recovering').catch(() => []);
      return row?.['recovering'] === false ? database.member : undefined;
    });
    return (await Promise.all(asked)).find((member) => member !== undefined);
  }

  /** The client of a host's agent, as the worker has it. */
  agent(host: string): AgentClient {
    const known = this.clients.get(host);
    if (known) return known;
    const { hosts, tls } = this.fleet;
    const client = createAgentClient({ host, url: hosts[host]!.agent, ...(tls && { tls }) });
    this.clients.set(host, client);
    this.endings.add(() => client.close());
    return client;
  }

  /** Starts the agent of a host, or starts it again when it was killed. */
  async startAgent(host: string): Promise<void> {
    const running = this.agents.get(host);
    if (running) return running.restart();
    const { folder, network } = this.ground;
    const fleetFile = await writeFleet(this.ground, host);
    const place = { host, fleetFile, folder: join(folder, 'agents'), namespace: network.host(host).namespace };
    mkdirSync(place.folder, { recursive: true });
    this.agents.set(host, await AgentProcess.start(this.endings, place));
  }

  private async startAgents(): Promise<void> {
    await settled(agentHostsOf(this.ground.layout).map((host) => this.startAgent(host)));
  }

  private async raiseServers(): Promise<void> {
    const { layout, folder, network } = this.ground;
    const { endpoint, proxies, poolers, proxiesBy } = layout;
    const forwarders = endpoint ? ['fa', 'fb'] : [];
    await this.raiseCluster();
    await settled([
      ...(endpoint ? [this.raiseNames(forwarders)] : []),
      ...(poolers ? forwarders : []).map((host) => this.raisePooler(host, forwarderPooler(this.ground, host))),
      ...(proxies && proxiesBy === 'laboratory' ? ['n1', 'n2'] : []).map((host) =>
        this.raisePooler(host, nodeProxy(this.ground, host)),
      ),
    ]);
    layout.say(`${Object.keys(network.hosts).length} hosts are up; their files are below ${folder}`);
  }

  /** The data of the primary and its standbys. */
  private async layCluster(): Promise<void> {
    const { layout, folder, network, bin, user } = this.ground;
    const members = membersOf(layout);
    const template = await postgresTemplate(bin, user, folder);
    for (const [index, member] of members.entries()) {
      const settings = [
        ...(layout.fsync ? [] : ['fsync = off']),
        `primary_conninfo = 'host=${network.host('p1').address} user=replicator application_name=${member} keepalives_idle=2 keepalives_interval=1'`,
        ...(index === 0 && members.length > 1 && layout.replication === 'synchronous'
          ? ["synchronous_standby_names = 'p2'"]
          : []),
      ];
      const place = { member, host: network.host(member), folder: rootOf(folder, member), bin, user };
      const database = await Database.make(this.endings, place, template, { settings, standby: index > 0 });
      this.databases.set(member, database);
    }
  }

  /** Starts them, and waits until each standby streams. */
  private async raiseCluster(): Promise<void> {
    const members = membersOf(this.ground.layout);
    await settled([...this.databases.values()].map((database) => database.start()));
    const streaming = "select count(*)::int as standbys from pg_stat_replication where state = 'streaming'";
    await until('the standbys stream', async () => {
      const [row] = await this.database('p1').ask(streaming);
      return row?.['standbys'] === members.length - 1;
    });
  }

  private async raiseNames(forwarders: readonly string[]): Promise<void> {
    const { layout, folder, network } = this.ground;
    const { updateKey: key } = layout;
    const place = { host: network.host('dns'), folder: rootOf(folder, 'dns'), subnet: network.subnet };
    const addresses = forwarders.map((host) => network.host(host).address);
    await startNameServer({ ...place, ...(key && { key }) }, addresses);
  }

  private async raisePooler(host: string, pooler: string[]): Promise<void> {
    const { folder, network, user } = this.ground;
    const command = [...inside(network.host(host).namespace), ...as(user), ...pooler];
    const logFile = join(folder, 'logs', `pooler-${host}.log`);
    await startChild({ name: `pooler of ${host}`, command, logFile, cwd: folder });
  }

  /** In the environment of this process, so that whoever connects finds this one. */
  private async raiseControlPlane(): Promise<void> {
    const { layout, folder } = this.ground;
    const tag = randomBytes(4).toString('hex');
    const set = (name: string, value: string | undefined) => {
      const before = process.env[name];
      const put = (to: string | undefined) => (to === undefined ? delete process.env[name] : (process.env[name] = to));
      put(value);
      this.endings.add(() => put(before));
    };
    set('EVENKEEL_TASK_QUEUE', `evenkeel-${tag}`);
    if (layout.ownTemporal) set('TEMPORAL_ADDRESS', undefined);
    const stateDir = join(folder, 'state');
    this.raised = await startStack({ fleet: this.fleetFile, stateDir, say: layout.say });
    this.endings.add(() => this.stack.stop());
    set('EVENKEEL_STATE', stateDir);
    // A server of its own is found by the state: were it in the environment, nobody here would start it again.
    if (!layout.ownTemporal) set('TEMPORAL_ADDRESS', this.stack.state.temporal);
    if (this.stack.state.webUi) set('EVENKEEL_TEMPORAL_UI', this.stack.state.webUi);
  }
}

function temporaryFolder(endings: Endings): string {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-failover-'));
  endings.add(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Waits for all, then throws the first failure: nothing goes on unseen behind an error. */
async function settled(works: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(works)).find(({ status }) => status === 'rejected');
  if (failed) throw (failed as PromiseRejectedResult).reason;
}
