import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';

/**
 * One `ip` that stays: what it is told is done within a millisecond, without a new process. It keeps its answers back, so
 * whoever tells it something looks at /sys for what became of it; only complaints come at once.
 */
export class Links {
  private child: ChildProcessWithoutNullStreams | undefined;
  private complaint = '';

  /** Lines as `ip -batch` reads them: `link set eth0 up`. */
  tell(...lines: string[]): void {
    this.complaint = '';
    this.running().stdin.write(`${lines.join('\n')}\n`);
  }

  /** What it last complained of since it was told something; empty when it did not. */
  get why(): string {
    return this.complaint
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('Command failed'))
      .join('; ');
  }

  /** For when it does not do what it is told: the next one is a new one. */
  kill(): void {
    this.child?.kill('SIGKILL');
    this.child = undefined;
  }

  async stop(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.stdin.end();
    await ended;
  }

  private running(): ChildProcessWithoutNullStreams {
    if (this.child !== undefined) return this.child;
    const child = spawn('ip', ['-force', '-batch', '-'], { stdio: ['pipe', 'pipe', 'pipe'] });
    const over = (why: string) => {
      if (this.child !== child) return;
      this.child = undefined;
      this.complaint += `ip: ${why}\n`;
    };
    child.once('error', (error) => over(error.message));
    child.once('exit', (code, signal) => over(`ended with ${code ?? signal}`));
    child.stdin.on('error', () => {}); // its end tells
    child.stdout.resume();
    child.stderr.on('data', (chunk: Buffer) => (this.complaint = (this.complaint + chunk.toString()).slice(-2_000)));
    return (this.child = child);
  }
}
