import type { FileHandle } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { basename } from 'node:path';
import { formatDuration } from '../../contract/amounts';
import { Refusal } from '../../contract/errors';
import type { Csv } from '../../contract/series';
import { Grid } from './grid';
import { openInside } from './inside';
import type { Place, Source } from './object';
import { parseTime, parseValue } from './time';

/** A file of times and values below the host's roots: comma, semicolon or tab, with headings or without, in any order. */
export function csv(config: Csv, { object, host }: Place): Source {
  const { file: path, combine } = config;
  return {
    what: path,
    read: async (span, signal) => {
      const grid = new Grid(span, combine);
      const file = await openInside(host, path);
      const latest = Date.now() + span.stepMs;
      let columns: Columns | undefined;
      let number = 0;
      const bad = (why: string): Refusal =>
        new Refusal('BadSeries', { what: `${basename(path)}:${number}`, why, object });
      try {
        const end = (await wholeLines(file)) - 1;
        if (end < 0) return grid.values(path, object);
        const input = file.createReadStream({ signal, end, autoClose: false });
        for await (const raw of createInterface({ input, crlfDelay: Infinity })) {
          number++;
          const line = number === 1 ? raw.replace(/^\uFEFF/, '') : raw;
          if (line.trim() === '' || line.startsWith('#')) continue;
          if (!columns) {
            columns = columnsOf(config, line, bad);
            if (columns.headed) continue;
          }
          const fields = split(line, columns.separator);
          const atMs = parseTime(fields[columns.time] ?? '');
          if (atMs === undefined) throw bad(`"${fields[columns.time] ?? ''}" is no time`);
          if (atMs > latest)
            throw new Refusal('ClockSkew', {
              what: `${basename(path)}:${number}`,
              skew: formatDuration(atMs - Date.now()),
              way: 'ahead of',
              host: host.name,
            });
          const value = parseValue(point(fields[columns.value] ?? '', columns.separator));
          if (value === undefined) throw bad(`"${fields[columns.value]}" is no number`);
          grid.add(atMs, value);
        }
      } finally {
        await file.close();
      }
      return grid.values(path, object);
    },
  };
}

/** Who writes the file may be in the middle of its last line, ms. */
const writingMs = 2_000;

/** How many bytes hold lines that are complete. A last line without its end counts once nobody has written for a moment. */
async function wholeLines(file: FileHandle): Promise<number> {
  const { size, mtimeMs } = await file.stat();
  if (Date.now() - mtimeMs > writingMs) return size;
  const tail = Buffer.alloc(Math.min(size, 65_536));
  await file.read(tail, 0, tail.length, size - tail.length);
  return size - tail.length + tail.lastIndexOf('\n') + 1;
}

interface Columns {
  separator: string;
  time: number;
  value: number;
  /** The first line names the columns. */
  headed: boolean;
}

function columnsOf({ time, value }: Csv, line: string, bad: (why: string) => Refusal): Columns {
  const separator = [';', '\t', ','].find((one) => line.includes(one)) ?? ',';
  const fields = split(line, separator);
  const headed = time !== undefined || value !== undefined || parseTime(fields[0] ?? '') === undefined;
  if (headed && fields.every((field) => field === '' || parseValue(field) !== undefined))
    throw bad('there are no headings');
  const find = (name: string | undefined, otherwise: number): number => {
    const at = name === undefined ? otherwise : fields.indexOf(name);
    if (at >= 0 && at < fields.length) return at;
    throw bad(name === undefined ? 'there are no two columns' : `there is no column "${name}" (${fields.join(', ')})`);
  };
  return { separator, headed, time: find(time, 0), value: find(value, 1) };
}

/** `1,5` is a number where columns are not parted by commas. */
const point = (text: string, separator: string): string =>
  separator !== ',' && /^[+-]?\d+,\d+$/.test(text) ? text.replace(',', '.') : text;

/** Fields of one line; quoted ones may hold the separator and doubled quotes. */
function split(line: string, separator: string): string[] {
  if (!line.includes('"')) return line.split(separator).map((field) => field.trim());
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const letter = line[i]!;
    if (letter === '"' && quoted && line[i + 1] === '"') field += line[++i]!;
    else if (letter === '"') quoted = !quoted;
    else if (letter === separator && !quoted) {
      fields.push(field.trim());
      field = '';
    } else field += letter;
  }
  return [...fields, field.trim()];
}
