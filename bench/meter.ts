import { memoryOf } from '../src/laboratory/processTree';

/** Wall and CPU seconds of a piece of work; `cpu` reads the CPU seconds that its processes have used so far. */
export async function metered(cpu: () => number, work: () => Promise<unknown>): Promise<{ wall: number; cpu: number }> {
  const [cpuBefore, begin] = [cpu(), performance.now()];
  await work();
  const wall = (performance.now() - begin) / 1000;
  return { wall, cpu: cpu() - cpuBefore };
}

const everyMs = 50;

/** The most memory that these processes held together while the work ran, in bytes. */
export async function peakMemory(
  processes: () => number[],
  work: () => Promise<unknown>,
): Promise<{ resident: number; anonymous: number }> {
  const peak = { resident: 0, anonymous: 0 };
  const look = () => {
    const now = processes().map(memoryOf);
    for (const kind of ['resident', 'anonymous'] as const) {
      peak[kind] = Math.max(
        peak[kind],
        now.reduce((sum, one) => sum + one[kind], 0),
      );
    }
  };
  const timer = setInterval(look, everyMs);
  try {
    await work();
    look();
  } finally {
    clearInterval(timer);
  }
  return peak;
}
