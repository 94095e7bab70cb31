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

  return {
    read: async (port) => {
      const { answer, complaint } = await nft.tell(`list table ${table}`);
      if (complaint === undefined) return routeIn(answer, port);
      if (absent.test(complaint)) return { epoch: 0, rejected: [] };
      throw nft.refused('reading its routes', complaint);
    },
    swap: async (port, was, next) => {
      try {
        ready ??= prepare();
        await ready;
      } catch (error) {
        ready = undefined;
        throw error;
      }
      const { complaint } = await nft.tell(swapping(port, was, next));
      // Somebody may have flushed all tables meanwhile, ours among them.
      if (complaint !== undefined) ready = undefined;
      return complaint;
    },
    stop: () => nft.stop(),
  };
}
