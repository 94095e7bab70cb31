import { formatDuration, shareOf } from '../contract/amounts';
import type { LiveProgress, Piece, RunEvent, RunSummary, Waiting } from '../api/views';
import type { StepView } from '../workflows/kit/messages';
import { clipped, padded, paintFor, phaseIn, widthOf, wrapped, type Paint } from './print';
import { bar, markIn, progressSentence, tookOf } from './steps';

/** Where the picture goes: a terminal, or a test's stand-in of one. */
export interface Screen {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

const hideCursor = '\x1b[?25l';
const showCursor = '\x1b[?25h';
/** Between these two a terminal shows nothing: no half-painted picture is ever seen. */
const beginUpdate = '\x1b[?2026h';
const endUpdate = '\x1b[?2026l';
const mostPieces = 4;
const mostWhyLines = 4;

/** A run as a picture that is repainted in place: steps with their marks, a bar, the rate, what it waits for. */
export class LiveRun {
  private run: RunSummary | undefined;
  private steps: StepView[] = [];
  private phase: RunSummary['phase'] = 'running';
  private waiting: Waiting | undefined;
  /** Why the running step waits: for its turn, for a host. */
  private turn: string | undefined;
  private progress: LiveProgress | undefined;
  private unanswered: string | undefined;
  private painted = 0;
  private readonly paint: Paint;

  constructor(private readonly screen: Screen) {
    this.paint = paintFor(screen);
    screen.write(hideCursor);
  }

  take(event: RunEvent): void {
    switch (event.type) {
      case 'run':
        this.run = event.run;
        this.steps = [];
        this.progress = undefined;
        break;
      case 'phase':
        this.phase = event.phase;
        this.waiting = event.waiting;
        this.turn = event.phase === 'running' ? event.why : undefined;
        this.unanswered = undefined;
        break;
      case 'step':
        this.steps[event.index] = event.step;
        this.unanswered = undefined;
        break;
      case 'progress':
        this.progress = event.progress;
        break;
      case 'unanswered':
        this.unanswered = event.why;
        break;
      case 'plan':
        break;
      case 'ended':
        this.run = event.run;
        this.phase = event.run.phase;
        this.steps = event.run.steps;
        this.progress = undefined;
        this.waiting = undefined;
        break;
    }
  }

  /** One write: up to where the picture began, each line over the old one, the rest cleared. */
  draw(now = Date.now()): void {
    const lines = this.lines(now);
    const up = this.painted > 0 ? `\x1b[${this.painted}A\r` : '';
    this.screen.write(`${beginUpdate}${up}${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J${endUpdate}`);
    this.painted = lines.length;
  }

  /** A line that stays, above the picture. */
  above(line: string): void {
    const up = this.painted > 0 ? `\x1b[${this.painted}A\r` : '';
    this.screen.write(`${beginUpdate}${up}\x1b[J${line}\n${endUpdate}`);
    this.painted = 0;
    this.draw();
  }

  /** Leaves the picture as it is and gives the cursor back. */
  end(): void {
    this.screen.write(showCursor);
  }

  lines(now: number): string[] {
    const { columns = 80, rows = 24 } = this.screen;
    if (!this.run) return [this.paint.dim('Waiting for the run …')];
    const head = this.headOf(this.run, columns, now);
    const foot = [
      ...this.waitingLines(columns),
      ...(this.unanswered ? [this.paint.yellow(clipped(this.unanswered, columns))] : []),
    ];
    // The picture must fit the screen, or the terminal scrolls and the next one lands in the wrong place.
    const room = Math.max(3, rows - head.length - foot.length - 2);
    return [...head, ...this.stepLines(columns, room, now), ...foot];
  }

  private headOf(run: RunSummary, columns: number, now: number): string[] {
    const took = formatDuration(Math.max(0, (run.endedAt ? Date.parse(run.endedAt) : now) - Date.parse(run.startedAt)));
    const right = `${this.phase}, ${took}`;
    const left = clipped(run.title, Math.max(20, columns - right.length - 2));
    const gap = ' '.repeat(Math.max(2, columns - widthOf(left) - right.length));
    return [
      `${this.paint.bold(left)}${gap}${phaseIn(this.phase, this.paint)}${this.paint.dim(`, ${took}`)}`,
      this.paint.dim(run.id),
    ];
  }

  private stepLines(columns: number, room: number, now: number): string[] {
    const current = this.steps.findLastIndex((step) => step.state === 'running' || step.state === 'held');
    const lines = this.steps.flatMap((step, index) => [
      this.stepLine(step, columns, now),
      ...this.whyLines(step, index === current ? this.turn : undefined, columns),
      ...(index === current ? this.progressLines(columns) : []),
    ]);
    if (lines.length <= room) return lines;
    const hidden = lines.length - room + 1;
    return [this.paint.dim(`  … ${hidden} lines above`), ...lines.slice(hidden)];
  }

  private stepLine(step: StepView, columns: number, now: number): string {
    const took = tookOf(step, now);
    const what = clipped(step.what, Math.max(10, columns - took.length - 6));
    const shown = step.state === 'waiting' ? this.paint.dim(what) : what;
    return `  ${markIn(step.state, this.paint)} ${padded(shown, columns - took.length - 5)}${this.paint.dim(took)}`;
  }

  private whyLines({ state, why }: StepView, turn: string | undefined, columns: number): string[] {
    const says = state === 'running' ? turn : state === 'done' ? undefined : why;
    const colour = state === 'failed' ? this.paint.red : this.paint.yellow;
    return says ? wrapped(says, columns - 6, mostWhyLines).map((line) => `    ${colour(line)}`) : [];
  }

  private progressLines(columns: number): string[] {
    if (!this.progress) return [];
    const share = shareOf(this.progress.done, this.progress.total);
    const width = Math.min(30, Math.floor(columns / 4));
    const drawn = share === undefined ? '' : `${this.paint.blue(bar(share, width))} `;
    const sentence = clipped(progressSentence(this.progress), columns - 6 - (drawn ? width + 1 : 0));
    return [`    ${drawn}${sentence}`, ...this.pieceLines(this.progress.pieces, columns)];
  }

  private pieceLines(pieces: readonly Piece[], columns: number): string[] {
    if (pieces.length < 2 && !pieces.some((piece) => piece.lastFailure)) return [];
    const lines = pieces.slice(0, mostPieces).map((piece) => {
      const trouble = piece.lastFailure && piece.attempt > 1 ? ` (try ${piece.attempt}: ${piece.lastFailure})` : '';
      const named = [piece.host, piece.what].filter(Boolean).join(': ');
      return clipped(`${named}, ${progressSentence({ ...piece, pieces: [] })}${trouble}`, columns - 6);
    });
    const more = pieces.length > mostPieces ? [`and ${pieces.length - mostPieces} more`] : [];
    return [...lines, ...more].map((line) => this.paint.dim(`    ${line}`));
  }

  private waitingLines(columns: number): string[] {
    if (!this.waiting) return [];
    const { what, commands } = this.waiting;
    const says = wrapped(`It waits for ${what}:`, columns, 3).map((line) => this.paint.yellow(line));
    return ['', ...says, ...commands.map((command) => `  ${command}`)];
  }
}
