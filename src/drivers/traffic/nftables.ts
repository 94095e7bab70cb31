import { Refusal } from '../../contract/errors';
import { Dialogue } from './dialogue';
import { forward } from './forward';
import type { Ground } from './ground';
import { prepared, routeIn, swapping, table } from './nftRules';
import type { RouteTable } from './routeTable';

const absent = /No such file or directory/;

/**
 * Routes in a table of nftables. Epoch and target are one element of a set, and change in one transaction that the kernel
 * aborts when that element is another one: not even two agents, or an agent and a run of long ago, can both win.
 */
export function nftables(ground: Ground): RouteTable {
  // Errors and answers in one stream: in two, nobody could tell which came first.
  const nft = new Dialogue(ground, 'nft', ['sh', '-c', 'exec nft -j -i 2>&1']);
  let number = 0;
  let ready: Promise<void> | undefined;

  /** What nft says to a command. It says nothing when all is well: so a question with a known answer follows each. */
  const tell = (command: string): Promise<string> => {
    const name = `asked${++number}`;
    const last = new RegExp(`Error: [^\\n]*\\nlist table ip ${name}\\n *\\^+\\n`);
    return nft.ask(`${command}\nlist table ip ${name}\n`, (heard) => {
      const end = last.exec(heard);
      return end ? heard.slice(0, end.index).trim() : undefined;
    });
  };
  const complaint = (answer: string): string | undefined => /^Error: *(.*)/m.exec(answer)?.[1];
  const refused = (what: string, why: string): Refusal =>
    new Refusal('KernelRefused', { what, host: ground.host.name, why });

  const prepare = async (): Promise<void> => {
    const why = complaint(await tell(prepared));
    if (why !== undefined) throw refused('its table of nftables', why);
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
      const answer = await tell(`list table ${table}`);
      const why = complaint(answer);
      if (why !== undefined && absent.test(why)) return { epoch: 0, rejected: [] };
      if (why !== undefined) throw refused('reading its routes', why);
      // Rules of an older agent are renewed now: a change that comes later is in a hurry.
      await beReady();
      return routeIn(answer, port);
    },
    swap: async (port, was, next) => {
      await beReady();
      const why = complaint(await tell(swapping(port, was, next)));
      // Somebody may have flushed all tables meanwhile, ours among them.
      if (why !== undefined) ready = undefined;
      return why;
    },
    stop: () => nft.stop(),
  };
}
