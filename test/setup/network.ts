import type { Endings } from '../../bench/endings';
import { run } from '../../bench/programs';

/** From the addresses that RFC 2544 keeps for benchmarks. */
const network = '198.18.77';

export interface NetworkHost {
  namespace: string;
  address: string;
}

/**
 * Hosts in network namespaces of their own, on a switch in another: no firewall of this machine has a say in it, and a
 * link can be cut without either end being told.
 */
export class Network {
  private constructor(
    private readonly tag: string,
    readonly hosts: Record<string, NetworkHost>,
  ) {}

  static async open(endings: Endings, names: readonly string[]): Promise<Network> {
    const tag = `ek${process.pid}`;
    const middle = `${tag}sw`;
    await run('ip', 'netns', 'add', middle);
    endings.add(() => run('ip', 'netns', 'delete', middle));
    await run('ip', '-n', middle, 'link', 'add', 'switch', 'type', 'bridge');
    await run('ip', '-n', middle, 'link', 'set', 'switch', 'up');
    await run('ip', 'link', 'add', `${tag}us`, 'type', 'veth', 'peer', 'name', 'us', 'netns', middle);
    await run('ip', 'address', 'add', `${network}.1/24`, 'dev', `${tag}us`);
    await run('ip', 'link', 'set', `${tag}us`, 'up');
    await plug(middle, 'us');
    const hosts: Record<string, NetworkHost> = {};
    for (const [index, name] of names.entries()) {
      const host = { namespace: `${tag}h${index}`, address: `${network}.${index + 2}` };
      await run('ip', 'netns', 'add', host.namespace);
      endings.add(() => run('ip', 'netns', 'delete', host.namespace));
      await run('ip', '-n', host.namespace, 'link', 'set', 'lo', 'up');
      await run(
        'ip',
        '-n',
        middle,
        'link',
        'add',
        name,
        'type',
        'veth',
        'peer',
        'name',
        'eth0',
        'netns',
        host.namespace,
      );
      await run('ip', '-n', host.namespace, 'address', 'add', `${host.address}/24`, 'dev', 'eth0');
      await run('ip', '-n', host.namespace, 'link', 'set', 'eth0', 'up');
      await plug(middle, name);
      hosts[name] = host;
    }
    return new Network(tag, hosts);
  }

  /** Packets to and from the host vanish; its own interface stays up, so that nothing is told. */
  cut(name: string): Promise<void> {
    return run('ip', '-n', `${this.tag}sw`, 'link', 'set', name, 'nomaster');
  }

  mend(name: string): Promise<void> {
    return plug(`${this.tag}sw`, name);
  }
}

async function plug(namespace: string, port: string): Promise<void> {
  await run('ip', '-n', namespace, 'link', 'set', port, 'master', 'switch');
  await run('ip', '-n', namespace, 'link', 'set', port, 'up');
}
