import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { JobView, jobStates } from '../contract/operations';
import { writeDurably } from './durable';

/** A job as it lies on disk, one file each. */
export const JobRecord = z.object({
  id: z.string(),
  capability: z.string(),
  operation: z.string(),
  input: z.record(z.string(), z.unknown()),
  state: z.enum(jobStates),
  revision: z.number().int(),
  /** ms since 1970. */
  createdAt: z.number(),
  endedAt: z.number().optional(),
  progress: z.unknown().optional(),
  output: z.unknown().optional(),
  error: JobView.shape.error,
});
export type JobRecord = z.output<typeof JobRecord>;

/** The directory of the jobs: what a host had promised to do, over every restart. */
export class Journal {
  private constructor(private readonly directory: string) {}

  static async open(stateDir: string): Promise<Journal> {
    const directory = join(stateDir, 'jobs');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return new Journal(directory);
  }

  async *all(): AsyncGenerator<{ record: JobRecord } | { damaged: string; why: string }> {
    for (const name of await readdir(this.directory)) {
      const file = join(this.directory, name);
      if (name.endsWith('.draft')) await rm(file, { force: true });
      else if (name.endsWith('.json')) yield await readRecord(file);
    }
  }

  async read(id: string): Promise<JobRecord> {
    return JobRecord.parse(JSON.parse(await readFile(this.file(id), 'utf8')));
  }

  write(record: JobRecord): Promise<void> {
    return writeDurably(this.file(record.id), JSON.stringify(record));
  }

  async remove(id: string): Promise<void> {
    await rm(this.file(id), { force: true });
  }

  private file(id: string): string {
    return join(this.directory, `${createHash('sha256').update(id).digest('hex')}.json`);
  }
}

/** A file that cannot be read is set aside: the job is then unknown, and whoever asks for it starts it again. */
async function readRecord(file: string): Promise<{ record: JobRecord } | { damaged: string; why: string }> {
  const text = await readFile(file, 'utf8');
  try {
    return { record: JobRecord.parse(JSON.parse(text)) };
  } catch (error) {
    await rename(file, `${file}.damaged`);
    return { damaged: file, why: String(error) };
  }
}
