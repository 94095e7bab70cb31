import { Refusal } from '../contract/errors';
import type { FileServer } from '../contract/fleet';
import type { Store } from '../contract/capabilities/files';
import type { HostFacts, Rails } from '../planning/rails';
import { meant } from '../fleet/nearest';
import type { Hands } from '.';

export interface FileServerFacts {
  name: string;
  /** In the order of their ordinals. */
  fsvms: (Store & { items?: string[] })[];
  freeze: FileServer['freeze'];
}

export const fleetActivities = ({ fleet, agent }: Hands) => ({
  /** What the fleet file says of a file server, and the rails that hold for every run. */
  async describeFileServer({ name }: { name: string }): Promise<FileServerFacts> {
    const { fileServers } = fleet.checked();
    const entry = fileServers[name];
    if (!entry) throw new Refusal('UnknownFileServer', { name, near: meant(name, Object.keys(fileServers)) });
    const fsvms = Object.entries(entry.fsvms).map(([fsvm, { host, root, items }]) => ({
      fsvm,
      host,
      root,
      ...(items && { items }),
    }));
    return { name, fsvms, freeze: entry.freeze };
  },

  /** Which hosts of the fleet answer, the rails, and the highest epoch that any of them has seen for the targets. */
  async lookAtFleet({ targets }: { targets: string[] }): Promise<{ rails: Rails; hosts: HostFacts[]; epoch: number }> {
    const { hosts, limits } = fleet.checked();
    let epoch = 0;
    const look = async (host: string): Promise<HostFacts> => {
      try {
        const { epochs } = await agent(host).host.epochs({});
        epoch = Math.max(epoch, ...targets.map((target) => epochs[target] ?? 0));
        return { host };
      } catch (error) {
        return { host, silent: error instanceof Error ? error.message : String(error) };
      }
    };
    return { hosts: await Promise.all(Object.keys(hosts).map(look)), rails: limits, epoch };
  },
});
