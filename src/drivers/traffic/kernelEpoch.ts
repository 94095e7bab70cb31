import type { Nft } from './nft';

/** Our table; its sets hold one element each, which is an epoch. */
const table = 'ip evenkeel_proxies';

const absent = /No such file or directory/;
const taken = /No such file or directory|File exists/;

/**
 * The epoch under which an address was last changed on this host. It lives in the kernel, and changes there in one
 * transaction: deleting an element that is not there any more aborts all of it, so of many who expect the same epoch one wins.
 */
export class KernelEpoch {
  private readonly set: string;

  /** `name`: letters, digits, dots, hyphens and slashes. */
  constructor(
    private readonly nft: Nft,
    private readonly name: string,
  ) {
    this.set = `${table} epoch/${name}`;
  }

  /** 0 when it never was changed. */
  async read(): Promise<number> {
    const { answer, complaint } = await this.nft.tell(`list set ${this.set}`);
    if (complaint !== undefined && absent.test(complaint)) return 0;
    if (complaint !== undefined) throw this.nft.refused(`reading the epoch of ${this.name}`, complaint);
    const { nftables } = JSON.parse(answer) as { nftables: { set?: { elem?: number[] } }[] };
    return nftables.find(({ set }) => set !== undefined)?.set?.elem?.[0] ?? 0;
  }

  /** False when it is not `from` any more: then nothing has changed. */
  async swap(from: number, to: number): Promise<boolean> {
    const begin =
      from === 0
        ? [`add table ${table}`, `create set ${this.set} { type mark; }`]
        : [`delete element ${this.set} { ${from} }`];
    const { complaint } = await this.nft.tell([...begin, `add element ${this.set} { ${to} }`].join('; '));
    if (complaint === undefined) return true;
    if (taken.test(complaint)) return false;
    throw this.nft.refused(`writing the epoch of ${this.name}`, complaint);
  }
}
