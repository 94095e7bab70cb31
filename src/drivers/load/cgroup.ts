import { constants, existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBytes } from '../../contract/amounts';
import { Refusal } from '../../contract/errors';
import type { Cgroup } from '../../contract/resizes';
import { inside } from './inside';
import type { Place, Resizer } from './object';

/** How one version of control groups keeps one limit. */
interface Limit {
  /** Its presence tells the version. */
  file: string;
  read(folder: string): Promise<number | null>;
  write(folder: string, size: number): Promise<void>;
}

/** Linux rounds memory down to pages, and CPU time to µs of a period. */
const grains = { cpu: 1e-3, memory: 65_536 };

/** Limits of a control group: CPU in cores, memory in bytes; version 2 where the group has it, else version 1. */
export function cgroup({ path, what }: Cgroup, { object, host }: Place): Resizer {
  const folderAndLimit = (): [string, Limit] => {
    const folder = inside(host, path);
    const limit = limits[what].find(({ file }) => existsSync(join(folder, file)));
    if (limit) return [folder, limit];
    const files = limits[what].map(({ file }) => file).join(' nor ');
    throw new Refusal('NotPermitted', { what: `${what} of ${path}`, why: `there is neither ${files} in it` });
  };
  return {
    what: `control group ${path}`,
    unit: what === 'cpu' ? 'cores' : 'bytes',
    grain: grains[what],
    tells: true,
    read: async () => {
      const [folder, limit] = folderAndLimit();
      return limit.read(folder);
    },
    write: async ({ size }) => {
      const [folder, limit] = folderAndLimit();
      try {
        await limit.write(folder, size);
      } catch (cause) {
        const { code = '' } = cause as NodeJS.ErrnoException;
        const why =
          code === 'EBUSY'
            ? `it uses more than ${formatBytes(size)} now, and processes would be killed to fit`
            : code || String(cause);
        throw new Refusal('SaidNo', { what: `control group ${path}`, why, object }, { cause });
      }
    },
  };
}

const text = async (folder: string, file: string): Promise<string> =>
  (await readFile(join(folder, file), 'utf8')).trim();
const write = (folder: string, file: string, value: string | number): Promise<void> =>
  writeFile(join(folder, file), String(value), { flag: constants.O_WRONLY | constants.O_TRUNC });

const limits: Record<Cgroup['what'], Limit[]> = {
  cpu: [
    {
      file: 'cpu.max',
      read: async (folder) => {
        const [quota, period] = (await text(folder, 'cpu.max')).split(' ');
        return quota === 'max' ? null : Number(quota) / Number(period);
      },
      write: async (folder, size) => {
        const period = (await text(folder, 'cpu.max')).split(' ')[1];
        await write(folder, 'cpu.max', `${Math.round(size * Number(period))} ${period}`);
      },
    },
    {
      file: 'cpu.cfs_quota_us',
      read: async (folder) => {
        const quota = Number(await text(folder, 'cpu.cfs_quota_us'));
        return quota < 0 ? null : quota / Number(await text(folder, 'cpu.cfs_period_us'));
      },
      write: async (folder, size) => {
        const period = Number(await text(folder, 'cpu.cfs_period_us'));
        await write(folder, 'cpu.cfs_quota_us', Math.round(size * period));
      },
    },
  ],
  memory: [
    {
      file: 'memory.max',
      read: async (folder) => {
        const limit = await text(folder, 'memory.max');
        return limit === 'max' ? null : Number(limit);
      },
      write: async (folder, size) => {
        await refuseKill(folder, size);
        await write(folder, 'memory.max', Math.round(size));
      },
    },
    {
      file: 'memory.limit_in_bytes',
      read: async (folder) => {
        const limit = Number(await text(folder, 'memory.limit_in_bytes'));
        return limit > 2 ** 62 ? null : limit;
      },
      write: (folder, size) => write(folder, 'memory.limit_in_bytes', Math.round(size)),
    },
  ],
};

/** Version 2 takes a limit below what is in use, and kills until it fits. Version 1 refuses it as busy: so it is here too. */
async function refuseKill(folder: string, size: number): Promise<void> {
  const stat = await text(folder, 'memory.stat');
  const file = Number(/^file (\d+)$/m.exec(stat)?.[1] ?? 0);
  const used = Number(await text(folder, 'memory.current')) - file;
  if (used > size) throw Object.assign(new Error(`${used} bytes are in use`), { code: 'EBUSY' });
}
