import type { Endings } from './endings';
import { endProcesses } from './processes';
import { sweepLeftovers } from './leftovers';
import { answerOf, run } from './run';
import { claimSubnet } from './subnet';

export interface NetworkHost {
  namespace: string;
  address: string;
  zone: string;
}

/** What every host may do: carry addresses that move, believe who announces one, and forward. */
const settings = ['ip_nonlocal_bind', 'conf/all/arp_accept', 'conf/all/arp_notify', 'ip_forward'];

let opened = 0;

/**
 * Hosts in network namespaces of their own, on a switch in another: no firewall of this machine has a say in it, and a
 * link can be cut without either end being told. This machine itself has one port of the switch.
 */
export class Network {
  private constructor(
    /** The namespace of the switch; its ports have the names of the hosts. */
    readonly middle: string,
    /** The first three parts of every address. */
    readonly subnet: string,
    /** Where the hosts reach this machine. */
    readonly us: string,
    readonly hosts: Readonly<Record<string, NetworkHost>>,
  ) {}

  /** `zones` says of each host in which failure domain it is. */
  static async open(endings: Endings, zones: Readonly<Record<string, string>>): Promise<Network> {
    await sweepLeftovers();
    const tag = `ek${process.pid}n${opened++}`;
    const middle = `${tag}-sw`;
    await run('ip', 'netns', 'add', middle);
    endings.add(() => run('ip', 'netns', 'delete', middle));
    const bridges = ['switch', 'apart'];
    await batch(
      middle,
      bridges.flatMap((bridge) => [`link add ${bridge} type bridge`, `link set ${bridge} up`]),
    );
    await run('ip', 'link', 'add', tag, 'type', 'veth', 'peer', 'name', 'us', 'netns', middle);
    // The kernel takes its time to end a namespace: our end of the link would stay so long.
    endings.add(() => run('ip', 'link', 'delete', tag));
    const subnet = await claimSubnet(tag);
    await run('ip', 'link', 'set', tag, 'up');
    await batch(middle, ['link set us master switch', 'link set us up']);
    const hosts: Record<string, NetworkHost> = {};
    for (const [index, [name, zone]] of Object.entries(zones).entries()) {
      hosts[name] = { namespace: `${tag}-${name}`, address: `${subnet}.${index + 11}`, zone };
      await addHost(endings, middle, name, hosts[name]);
    }
    return new Network(middle, subnet, `${subnet}.1`, hosts);
  }

  host(name: string): NetworkHost {
    const host = this.hosts[name];
    if (!host) throw new Error(`the network has no host ${name}: ${Object.keys(this.hosts).join(', ')}`);
    return host;
  }

  /** One more address for a host, beside its own. */
  async give(name: string, address: string): Promise<void> {
    await batch(this.host(name).namespace, [`address add ${address}/24 dev eth0`]);
  }

  /** The hosts of a zone. */
  inZone(zone: string): string[] {
    return Object.keys(this.hosts).filter((name) => this.host(name).zone === zone);
  }

  /** Packets to and from the host vanish; its own interface stays up, so that nothing is told. */
  cut(...names: string[]): Promise<void> {
    return this.each(names, (name) => [`link set ${name} nomaster`]);
  }

  /** The host's cable is pulled: its interface stays, without a carrier. */
  linkDown(...names: string[]): Promise<void> {
    return this.each(names, (name) => [`link set ${name} down`]);
  }

  /** These hosts see each other alone; all others, and this machine, see each other. */
  partition(...names: string[]): Promise<void> {
    return this.each(names, (name) => [`link set ${name} master apart`, `link set ${name} up`]);
  }

  /** Undoes whatever was done to the links of these hosts; of all when none is named. */
  mend(...names: string[]): Promise<void> {
    const all = names.length > 0 ? names : Object.keys(this.hosts);
    return this.each(all, (name) => [`link set ${name} master switch`, `link set ${name} up`]);
  }

  private each(names: readonly string[], lines: (port: string) => string[]): Promise<void> {
    names.forEach((name) => this.host(name));
    return batch(this.middle, names.flatMap(lines));
  }
}

async function addHost(endings: Endings, middle: string, name: string, host: NetworkHost): Promise<void> {
  const { namespace, address } = host;
  await run('ip', 'netns', 'add', namespace);
  endings.add(() => run('ip', 'netns', 'delete', namespace));
  endings.add(() => endProcesses(namespace));
  await batch(middle, [
    `link add ${name} type veth peer name eth0 netns ${namespace}`,
    `link set ${name} master switch`,
    `link set ${name} up`,
  ]);
  await batch(namespace, ['link set lo up', `address add ${address}/24 dev eth0`, 'link set eth0 up']);
  const files = settings.map((setting) => `/proc/sys/net/ipv4/${setting}`);
  await answerOf([...inside(namespace), 'tee', ...files], '1\n');
}

/**
 * The words before a command that is to run in a namespace. nsenter(1) would do the same but for /sys, which would show the
 * devices of this machine.
 */
export const inside = (namespace: string): string[] => ['ip', 'netns', 'exec', namespace];

/** Several lines of ip(8), in one process. */
async function batch(namespace: string, lines: readonly string[]): Promise<void> {
  await answerOf(['ip', '-n', namespace, '-batch', '-'], `${lines.join('\n')}\n`);
}
