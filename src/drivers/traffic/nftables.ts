import { forward } from './forward';
import type { Ground } from './ground';
import { Nft } from './nft';
import { prepared, routeIn, swapping, table } from './nftRules';
import type { RouteTable } from './routeTable';

const absent = /No such file or directory/;

/**
 * Routes in a table of nftables. Epoch and target are one element of a set, and change in one transaction that the kernel
 * aborts when that element is another one: not even two agents, or an agent and a run of long ago, can both win.
 */
export function nftables(ground: Ground): RouteTable {
  const nft = new Nft(ground);
  let ready: Promise<void> | undefined;

  const prepare = async (): Promise<void> => {
    const { complaint } = await nft.tell(prepared);
    if (complaint !== undefined) throw nft.refused('its table of nftables', complaint);
    await forward(ground);
  };
  const beReady = async (): Promise<void> => {
    try {
      await (ready ??= prepare());
    } catch (error) {
      ready = undefined;
      throw error;
    }
  };

  return {
    read: async (port) => {
      const { answer, complaint } = await nft.tell(`list table ${table}`);
      if (complaint !== undefined && absent.test(complaint)) return { epoch: 0, rejected: [] };
      if (complaint !== undefined) throw nft.refused('reading its routes', complaint);
      // Rules of an older agent are renewed now: a change that comes later is in a hurry.
      await beReady();
      return routeIn(answer, port);
    },
    swap: async (port, was, next) => {
      await beReady();
      const { complaint } = await nft.tell(swapping(port, was, next));
      // Somebody may have flushed all tables meanwhile, ours among them.
      if (complaint !== undefined) ready = undefined;
      return complaint;
    },
    stop: () => nft.stop(),
  };
}
