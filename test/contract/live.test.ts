import type { RunEvent, RunSummary, RunView } from '../../src/api/views';
import { exitCodeOfRun } from '../../src/cli/exitCodes';
import { LiveRun } from '../../src/cli/live';
import { clipped, widthOf, wrapped } from '../../src/cli/print';
import { bar, progressSentence } from '../../src/cli/steps';

const begin = Date.parse('2026-01-01T00:00:00Z');
const at = (seconds: number) => new Date(begin + seconds * 1000).toISOString();
const run: RunSummary = {
  id: 'ingest-vfs/files2',
  runId: 'r1',
  runbook: 'ingest-vfs',
  title: 'Ingest legacy into files2',
  target: 'files2',
  phase: 'running',
  by: 'ann',
  startedAt: at(0),
  tookMs: 0,
};
const piece = { what: 'Send 3 items', done: 1, total: 2, unit: 'bytes', rate: 1, attempt: 1 };

const events: RunEvent[] = [
  { type: 'run', run },
  { type: 'step', index: 0, step: { what: 'Look at legacy', state: 'done', startedAt: at(0), endedAt: at(2) } },
  { type: 'step', index: 1, step: { what: 'Send 5.5 GiB to the new FSVMs', state: 'running', startedAt: at(2) } },
  {
    type: 'progress',
    progress: {
      done: 3.2 * 2 ** 30,
      total: 5.5 * 2 ** 30,
      unit: 'bytes',
      rate: 112 * 2 ** 20,
      etaMs: 21_000,
      pieces: [piece],
    },
  },
];

/** A terminal of that size, and what it was sent. */
function screenOf(columns: number, rows: number) {
  const written: string[] = [];
  return { columns, rows, isTTY: false, written, write: (text: string) => void written.push(text) };
}

function pictureAfter(told: readonly RunEvent[], columns = 72, rows = 24): string[] {
  const live = new LiveRun(screenOf(columns, rows));
  for (const event of told) live.take(event);
  return live.lines(begin + 40_000).map((line) => line.trimEnd());
}

test('the picture shows steps, marks, a bar, the rate and the time left', () => {
  expect(pictureAfter(events).join('\n')).toMatchInlineSnapshot(`
   "Ingest legacy into files2                                  running, 40 s
   ingest-vfs/files2
     ✔ Look at legacy                                                2.0 s
     ▶ Send 5.5 GiB to the new FSVMs                                  38 s
       ██████████▌░░░░░░░ 3.2 GiB of 5.5 GiB (58 %), 112 MiB/s, 21 s left"
  `);
});

test('a held step tells its reason and what may be typed', () => {
  const held: RunEvent[] = [
    {
      type: 'step',
      index: 1,
      step: { what: 'Send 5.5 GiB to the new FSVMs', state: 'held', startedAt: at(2), why: 'new-2 has no space left' },
    },
    {
      type: 'phase',
      phase: 'held',
      waiting: { what: 'an answer to the failed step', commands: ['evenkeel retry ingest-vfs/files2'] },
    },
  ];
  expect(pictureAfter([...events.slice(0, 3), ...held]).join('\n')).toMatchInlineSnapshot(`
   "Ingest legacy into files2                                     held, 40 s
   ingest-vfs/files2
     ✔ Look at legacy                                                2.0 s
     ⏸ Send 5.5 GiB to the new FSVMs                                  38 s
       new-2 has no space left

   It waits for an answer to the failed step:
     evenkeel retry ingest-vfs/files2"
  `);
});

test('however many steps there are, the picture fits the screen', () => {
  const many = Array.from({ length: 60 }, (_, index): RunEvent => ({
    type: 'step',
    index,
    step: {
      what: `Step ${index} ${'which is rather long '.repeat(index % 7)}`,
      state: index < 59 ? 'done' : 'running',
    },
  }));
  for (const [columns, rows] of [
    [40, 10],
    [72, 24],
    [120, 8],
  ] as const) {
    const lines = pictureAfter([events[0]!, ...many, events[3]!], columns, rows);
    expect(lines.length).toBeLessThan(rows);
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(columns);
    expect(lines.join('\n')).toContain('lines above');
  }
});

test('a picture is one write over the one before, and the cursor comes back', () => {
  const screen = screenOf(72, 24);
  const live = new LiveRun(screen);
  for (const event of events) live.take(event);
  live.draw(begin);
  live.draw(begin + 1_000);
  live.end();
  expect(screen.written).toHaveLength(4);
  expect(screen.written[0]).toBe('\x1b[?25l');
  expect(screen.written[2]).toMatch(/^\x1b\[\?2026h\x1b\[\d+A\r/); // oxlint-disable-line no-control-regex
  expect(screen.written.at(-1)).toBe('\x1b[?25h');
});

test.each([
  [0, '░░░░'],
  [0.5, '██░░'],
  [0.28, '█▏░░'],
  [1, '████'],
])('a bar at %d', (share, drawn) => expect(bar(share, 4)).toBe(drawn));

test('text is cut and broken to fit', () => {
  expect(clipped('evenkeel', 5)).toBe('even…');
  expect(wrapped('one two three four', 9, 5)).toEqual(['one two', 'three', 'four']);
  expect(wrapped('one two three four', 9, 2)).toEqual(['one two', 'three …']);
});

test('a progress tells only what is known', () => {
  expect(progressSentence({ done: 5, total: 0, unit: 'files', rate: 0, pieces: [] })).toBe('5 files');
});

const endings: [Pick<RunView, 'phase' | 'failure'>, number][] = [
  [{ phase: 'done' }, 0],
  [{ phase: 'planned' }, 0],
  [{ phase: 'failed', failure: { message: 'a bug' } }, 1],
  [{ phase: 'failed', failure: { code: 'NotEnoughSpace', message: '' } }, 3],
  [{ phase: 'failed', failure: { code: 'AgentUnreachable', message: '' } }, 1],
  [{ phase: 'held' }, 4],
  [{ phase: 'undone' }, 5],
  [{ phase: 'terminated' }, 5],
];
test.each(endings)('a run that is %j ends the command with %d', (ending, status) => {
  expect(exitCodeOfRun(ending)).toBe(status);
});
