import { Refusal } from '../../contract/errors';
import { Dialogue } from './dialogue';
import type { Ground } from './ground';

/** What nft said to a command; `complaint` is why nothing of it was done. */
export interface Said {
  answer: string;
  complaint?: string;
}

/** One nft that stays: a transaction costs less than a millisecond, where a new process costs ten. It answers in JSON. */
export class Nft {
  private readonly nft: Dialogue;
  private number = 0;

  constructor(private readonly ground: Ground) {
    // Errors and answers in one stream: in two, nobody could tell which came first.
    this.nft = new Dialogue(ground, 'nft', ['sh', '-c', 'exec nft -j -i 2>&1']);
  }

  /** It says nothing when all is well: so a question with a known answer follows each command. */
  async tell(command: string): Promise<Said> {
    const name = `asked${++this.number}`;
    const last = new RegExp(`Error: [^\\n]*\\nlist table ip ${name}\\n *\\^+\\n`);
    const answer = await this.nft.ask(`${command}\nlist table ip ${name}\n`, (heard) => {
      const end = last.exec(heard);
      return end ? heard.slice(0, end.index).trim() : undefined;
    });
    const complaint = /^Error: *(.*)/m.exec(answer)?.[1];
    return { answer, ...(complaint !== undefined && { complaint }) };
  }

  refused(what: string, why: string): Refusal {
    return new Refusal('KernelRefused', { what, host: this.ground.host.name, why });
  }

  stop(): Promise<void> {
    return this.nft.stop();
  }
}
