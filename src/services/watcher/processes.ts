import { closeProcess, ended, openProcess } from './pidfd';

/** A process may be started again, and a file may name another, without anybody telling: looked at this often, ms. */
const refreshMs = 250;

/** One process of this host whose end is to be known at once. */
export interface Followed {
  /** Its number, as far as anybody can tell now. */
  find(): number | undefined;
  changed(state: 'runs' | 'gone'): void;
}

interface Followee extends Followed {
  fd?: number;
}

/** The processes that are followed: one thread waits for the end of any of them. */
export class Processes {
  private readonly all: Followee[] = [];
  private stopped = false;

  constructor(private readonly broken: (error: unknown) => void) {}

  follow(process: Followed): void {
    const followee: Followee = process;
    this.all.push(followee);
    this.refresh(followee);
    if (this.all.length === 1) this.wait().catch(this.broken);
  }

  stop(): void {
    this.stopped = true;
  }

  private async wait(): Promise<void> {
    while (!this.stopped) {
      const running = this.all.flatMap(({ fd }) => (fd === undefined ? [] : [fd]));
      const over = await ended(running, refreshMs);
      for (const followee of this.all) {
        if (followee.fd !== undefined && over.includes(followee.fd)) {
          closeProcess(followee.fd);
          delete followee.fd;
          followee.changed('gone');
        } else if (followee.fd === undefined) this.refresh(followee);
      }
    }
  }

  private refresh(followee: Followee): void {
    const pid = followee.find();
    const fd = pid === undefined ? undefined : openProcess(pid);
    if (fd !== undefined) followee.fd = fd;
    followee.changed(fd === undefined ? 'gone' : 'runs');
  }
}
