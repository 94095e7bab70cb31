import { Scene } from '../contract/agents';
import type { Load } from './loadScene';

/** A measured value; null is one that says nothing (NaN, an empty field). */
export type Sample = [atMs: number, value: number | null];

export const stepMs = 60_000;
/** More than Prometheus gives in one answer. */
const steps = 12_500;
/** A whole minute some hours ago. */
export const endMs = Math.floor((Date.now() - 4 * 3_600_000) / stepMs) * stepMs;
export const startMs = endMs - steps * stepMs;

/** The minute of each special thing. */
const gap = { from: 3_000, to: 3_020 };
const nan = 4_000;

/** `web` has a value in the middle of each minute but for a gap; `slow` went over to one an hour; `late` ends after a day. */
export function dataset(): Record<'web' | 'slow' | 'late', Sample[]> {
  const web: Sample[] = [];
  const slow: Sample[] = [];
  for (let step = 0; step < steps; step++) {
    const atMs = startMs + step * stepMs + stepMs / 2;
    if (step < gap.from || step >= gap.to) web.push([atMs, step === nan ? null : valueAt(step)]);
    if (step < 9_000 || step % 60 === 0) slow.push([atMs, step]);
  }
  return { web, slow, late: web.slice(0, 1_440) };
}

const valueAt = (step: number): number => 100 + (step % 1_440) / 4;

export interface SourceLab {
  /** Objects: web, slow, late; `gone` whose series does not exist; `broken` which has what is no number. */
  load: Load;
  /** Takes the source away, and brings it back. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** What every source of a series must answer, on the driver itself or through HTTP. */
export function sourceSuite(
  name: string,
  run: jest.It,
  open: (scene: Scene) => Promise<SourceLab>,
  slowIs: 'refused' | 'full of holes',
): void {
  describe(name, () => {
    const scene = new Scene();
    let lab: SourceLab;
    run('is there', async () => void (lab = await open(scene)), 60_000);
    afterAll(() => scene.close());
    const read = (object: string, fromMs = startMs, toMs = endMs, step = stepMs) =>
      lab.load.readSeries({ object, fromMs, toMs, stepMs: step });

    run('one value a step, null where nothing was measured or NaN, over more than 11,000 points', async () => {
      const answer = await read('web');
      expect(answer).toMatchObject({ startMs, stepMs });
      const expected = Array.from({ length: steps }, (_, step) =>
        (step >= gap.from && step < gap.to) || step === nan ? null : valueAt(step),
      );
      expect(answer.values).toEqual(expected);
      expect(answer.source.length).toBeGreaterThan(3);
    });

    run('the grid is that of whole steps, wherever the question begins', async () => {
      const answer = await read('web', startMs + 61_234, startMs + 301_000);
      expect(answer).toMatchObject({ startMs: startMs + stepMs, values: [1, 2, 3, 4].map(valueAt) });
    });

    run('nothing of a step that has not ended, and nothing in the future', async () => {
      const { values } = await read('web', startMs, Date.now() + 86_400_000);
      expect(values.length).toBe(Math.floor((Date.now() - startMs) / stepMs));
      expect(values.slice(steps).every((value) => value === null)).toBe(true);
    });

    run('a series that ended is null from then on', async () => {
      const { values } = await read('late', startMs, startMs + 1_500 * stepMs);
      expect(values.slice(0, 1_440)).toEqual(Array.from({ length: 1_440 }, (_, step) => valueAt(step)));
      expect(values.slice(1_440)).toEqual(Array.from({ length: 60 }, () => null));
    });

    run('a time without any value is refused, not answered with nothing', async () => {
      await expect(read('late', endMs - 600_000, endMs)).rejects.toMatchObject({ code: 'NoSeries' });
    });

    run('a series that is not there is refused by a sentence that names it', async () => {
      await expect(read('gone')).rejects.toThrow(/gone/);
      await expect(read('gone')).rejects.toMatchObject({ retry: false });
    });

    run(`a series that became slower than the step is ${slowIs}`, async () => {
      if (slowIs === 'refused') {
        const told = { code: 'OtherStep', message: expect.stringContaining('a value every 1 h') as string };
        await expect(read('slow')).rejects.toMatchObject(told);
      } else {
        const { values } = await read('slow', startMs + 9_000 * stepMs);
        expect(values.filter((value) => value !== null)).toHaveLength(Math.ceil((steps - 9_000) / 60));
      }
      expect((await read('slow', startMs, startMs + 8_000 * stepMs)).values).toHaveLength(8_000);
    });

    run('a question that makes no sense is refused', async () => {
      await expect(read('web', endMs, startMs)).rejects.toMatchObject({ code: 'BadInput' });
      await expect(read('web', startMs, startMs + 1_000)).rejects.toMatchObject({ code: 'BadInput' });
      await expect(read('web', 0, endMs)).rejects.toMatchObject({ code: 'TooMany' });
      await expect(read('wob')).rejects.toMatchObject({
        code: 'UnknownObject',
        message: expect.stringMatching(/"web"/),
      });
    });

    run('what is no number or no series is refused, and never guessed', async () => {
      await expect(read('broken')).rejects.toMatchObject({ retry: false });
    });

    run('a source that is away is said to be, and answers again when it is back', async () => {
      await lab.stop();
      await expect(read('web', startMs, startMs + 600_000)).rejects.toMatchObject({
        code: expect.stringMatching(/^(NoAnswer|NotFound)$/) as string,
      });
      await lab.start();
      expect((await read('web', startMs, startMs + 600_000)).values).toHaveLength(10);
    });
  });
}
