import type { FailoverSite } from './failoverSite';
import { inside } from './network';
import { processesIn, signalAll } from './processes';
import { answerOf } from './run';

/** What breaks in a laboratory, and how it is mended. Each answers with the moment when it was done, ms since the epoch of Unix. */
export class Faults {
  constructor(private readonly site: FailoverSite) {}

  /** The pgbouncer of a host ends without a word. */
  killProxy(host: string): number {
    return this.signal(host, 'pgbouncer', 'SIGKILL');
  }

  /** It takes connections, as its kernel does for it, and answers nothing. */
  hangProxy(host: string): number {
    return this.signal(host, 'pgbouncer', 'SIGSTOP');
  }

  resumeProxy(host: string): number {
    return this.signal(host, 'pgbouncer', 'SIGCONT');
  }

  /** The postmaster of a member and all its children end without a word. */
  killDatabase(member: string): number {
    return this.signal(member, 'postgres', 'SIGKILL');
  }

  hangDatabase(member: string): number {
    return this.signal(member, 'postgres', 'SIGSTOP');
  }

  resumeDatabase(member: string): number {
    return this.signal(member, 'postgres', 'SIGCONT');
  }

  killAgent(host: string): number {
    this.site.agents.get(host)?.kill();
    return now();
  }

  hangAgent(host: string): number {
    this.site.agents.get(host)?.hang();
    return now();
  }

  resumeAgent(host: string): number {
    this.site.agents.get(host)?.resume();
    return now();
  }

  async startAgent(host: string): Promise<number> {
    await this.site.startAgent(host);
    return now();
  }

  /** A forwarder starts anew: its kernel knows no route, and its agent has what lies on its disk. */
  async reboot(forwarder: string): Promise<number> {
    this.killAgent(forwarder);
    await this.flush(forwarder);
    return this.startAgent(forwarder);
  }

  /** Somebody empties the tables of a host, with what others keep there. */
  async flush(host: string): Promise<number> {
    await answerOf([...inside(this.site.network.host(host).namespace), 'nft', 'flush', 'ruleset']);
    return now();
  }

  /** Packets to and from these hosts vanish. */
  async cut(...hosts: string[]): Promise<number> {
    await this.site.network.cut(...hosts);
    return now();
  }

  /** Their interfaces lose the carrier. */
  async linkDown(...hosts: string[]): Promise<number> {
    await this.site.network.linkDown(...hosts);
    return now();
  }

  /** A zone sees nothing but itself. */
  async partition(zone: string): Promise<number> {
    await this.site.network.partition(...this.site.network.inZone(zone));
    return now();
  }

  /** One zone comes back in the moment in which another one is cut off; neither sees the other. */
  async partitionInstead(zone: string, of: string): Promise<number> {
    const { network } = this.site;
    await network.cut(...network.inZone(zone));
    await network.mend(...network.inZone(of));
    return this.partition(zone);
  }

  /** Mends the links of these hosts; of all when none is named. */
  async mend(...hosts: string[]): Promise<number> {
    await this.site.network.mend(...hosts);
    return now();
  }

  private signal(host: string, program: string, signal: NodeJS.Signals): number {
    const pids = processesIn(this.site.network.host(host).namespace, program);
    if (pids.length === 0) throw new Error(`no ${program} runs on ${host}`);
    signalAll(pids, signal);
    return now();
  }
}

/** Finer than a millisecond, and comparable between the processes of one machine. */
const now = (): number => performance.timeOrigin + performance.now();
