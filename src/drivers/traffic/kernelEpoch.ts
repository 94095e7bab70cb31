import { spawn } from 'node:child_process';
import { Refusal } from '../../contract/errors';

/** Our table; its sets hold one element each, which is an epoch. */
const table = 'ip evenkeel_proxies';

const absent = /No such file or directory/;
const taken = /No such file or directory|File exists/;

/**
 * The epoch under which an address was last changed on this host. It lives in the kernel, and changes there in one
 * transaction: deleting an element that is not there any more aborts all of it, so of many who expect the same epoch one wins.
 */
export class KernelEpoch {
  constructor(
    private readonly host: string,
    /** Letters, digits, dots, hyphens and slashes. */
    private readonly name: string,
  ) {}

  private get set(): string {
    return `${table} epoch/${this.name}`;
  }

  /** 0 when it never was changed. */
  async read(): Promise<number> {
    const { code, output, complaint } = await nft(this.host, ['-j', 'list', 'set', ...this.set.split(' ')]);
    if (code !== 0 && absent.test(complaint)) return 0;
    if (code !== 0) throw this.refused('reading', complaint);
    const { nftables } = JSON.parse(output) as { nftables: { set?: { elem?: number[] } }[] };
    return nftables.find(({ set }) => set !== undefined)?.set?.elem?.[0] ?? 0;
  }

  /** False when it is not `from` any more: then nothing has changed. */
  async swap(from: number, to: number): Promise<boolean> {
    const begin =
      from === 0
        ? `add table ${table}\ncreate set ${this.set} { type mark; }\n`
        : `delete element ${this.set} { ${from} }\n`;
    const { code, complaint } = await nft(this.host, ['-f', '-'], `${begin}add element ${this.set} { ${to} }\n`);
    if (code === 0) return true;
    if (taken.test(complaint)) return false;
    throw this.refused('writing', complaint);
  }

  private refused(doing: string, complaint: string): Refusal {
    const why = complaint.trim().split('\n')[0] || 'nft gave no reason';
    return new Refusal('KernelRefused', { what: `${doing} the epoch of ${this.name}`, host: this.host, why });
  }
}

interface Ended {
  code: number | null;
  output: string;
  complaint: string;
}

function nft(host: string, args: string[], input = ''): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn('nft', args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let [output, complaint] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    child.stdin.on('error', () => {}); // it ended without reading: its code and its complaint tell
    child.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new Refusal('KernelRefused', { what: 'nft', host, why: cause.code ?? cause.message }, { cause })),
    );
    child.once('close', (code) => resolve({ code, output, complaint }));
    child.stdin.end(input);
  });
}
