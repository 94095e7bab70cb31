import type { Folder } from './folder';
import { join } from './names';
import type { Part } from './part';
import type { Stat } from './stat';

/** One name of a directory, while it is looked at. */
export interface Entry {
  folder: Folder;
  part: Part;
  /** The name is these bytes from `start` to `end`, where a NUL stands. */
  name: Buffer;
  start: number;
  end: number;
  /** Its entry in the old record; -1 when there is none. */
  before: number;
  stat: Stat;
}

export const pathOf = ({ folder, name, start, end }: Entry): Buffer => join(folder.at.path, name.subarray(start, end));

/** It vanished after its directory was read: the next pass removes it, for the old record still has it. */
export function vanished({ part, before }: Entry): void {
  if (part.old !== undefined && before >= 0) part.writer.keep(part.old, before);
}
