import { Scene } from '../contract/agents';
import type { Load } from './loadScene';

export interface ResizerLab {
  /** Objects: `it`, from min to max; `gone`, whose thing does not exist. */
  load: Load;
  unit: string;
  min: number;
  max: number;
  /** Two sizes within the bounds; it has neither at first. */
  sizes: [number, number];
  /** What it is, asked in another way than the driver does. */
  truth(): number | Promise<number>;
  /** True when it takes whole sizes only. */
  whole: boolean;
  /** False when nobody can ask for its size. */
  tells?: boolean;
}

const lease = { target: 'it', epoch: 1 };

/** What everything that can be resized must do, on the driver itself or through HTTP. */
export function resizerSuite(
  name: string,
  run: jest.It,
  open: (scene: Scene) => ResizerLab | Promise<ResizerLab>,
): void {
  describe(name, () => {
    const scene = new Scene();
    let lab: ResizerLab;
    run('is there', async () => void (lab = await open(scene)), 60_000);
    afterAll(() => scene.close());
    const resize = (size: number, object = 'it') => lab.load.resize({ object, size, lease, because: 'a test' });
    const told = (size: number) => (lab.tells === false ? null : expect.closeTo(size, 2));

    run('it becomes what was asked for, and answers with what it was and is', async () => {
      const [size] = lab.sizes;
      const was = await lab.truth();
      expect(was).not.toBeCloseTo(size, 2);
      expect(await resize(size)).toEqual({ size: told(size), was: told(was), changed: true, unit: lab.unit });
      expect(await lab.truth()).toBeCloseTo(size, 2);
      const { min, max, unit } = lab;
      expect(await lab.load.readSize({ object: 'it' })).toEqual({ size: told(size), min, max, unit });
    });

    run('asked twice, it is done once', async () => {
      const [, size] = lab.sizes;
      expect(await resize(size)).toMatchObject({ changed: true });
      expect(await resize(size)).toEqual({
        size: told(size),
        was: told(size),
        changed: lab.tells === false,
        unit: lab.unit,
      });
      expect(await lab.truth()).toBeCloseTo(size, 2);
    });

    run('asked by two at once, it becomes what the second one wants', async () => {
      const [first, second] = lab.sizes;
      const answers = await Promise.all([resize(first), resize(second)]);
      expect(answers.map(({ size }) => size)).toEqual([told(first), told(second)]);
      expect(await lab.truth()).toBeCloseTo(second, 2);
    });

    run('nothing outside the bounds of the fleet file, and nothing that is no size', async () => {
      const before = await lab.truth();
      for (const size of [lab.max + 1, lab.min - lab.min / 2, -1])
        await expect(resize(size)).rejects.toMatchObject({ code: 'OutsideBounds' });
      for (const size of [NaN, Infinity, -Infinity])
        await expect(resize(size)).rejects.toMatchObject({ code: 'BadInput' });
      if (lab.whole) await expect(resize(lab.min + 0.5)).rejects.toMatchObject({ code: 'BadInput' });
      expect(await lab.truth()).toBe(before);
    });

    run('what does not exist is refused with its reason', async () => {
      const code = expect.stringMatching(/^(NoAnswer|NotFound|NotPermitted|SaidNo)$/) as string;
      await expect(resize(lab.sizes[0], 'gone')).rejects.toMatchObject({ code });
      if (lab.tells !== false) await expect(lab.load.readSize({ object: 'gone' })).rejects.toMatchObject({ code });
      await expect(resize(1, 'iit')).rejects.toMatchObject({ code: 'UnknownObject' });
    });
  });
}
