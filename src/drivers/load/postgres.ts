import type { Client } from 'pg';
import { Refusal } from '../../contract/errors';
import type { Postgres } from '../../contract/series';
import { refuseSkew } from './clock';
import { inDatabase } from './database';
import { Grid } from './grid';
import type { Place, Source, Span, Values } from './object';
import { parseTime, parseValue } from './time';

/** Rows that the agent takes into its memory for one series. */
const mostRows = 500_000;
const statementMs = 20_000;

/** A query that returns time and value for the time from $1 to $2. It runs in a transaction that cannot write. */
export function postgres(config: Postgres, place: Place): Source {
  const what = `PostgreSQL at ${new URL(config.url).host || 'a local socket'}`;
  return {
    what: `${what}, ${new URL(config.url).pathname.slice(1)}`,
    read: async (span, signal) =>
      inDatabase(config, what, place, signal, async (client) => {
        await client.query(`begin read only; set local statement_timeout = ${statementMs};
          set local timezone = 'UTC'; set local datestyle = 'ISO'`);
        await refuseOtherClock(client, what, place, span);
        return placed(config, what, place, span, await rowsOf(client, config, span));
      }),
  };
}

async function refuseOtherClock(client: Client, what: string, { host }: Place, span: Span): Promise<void> {
  const { rows } = await client.query<{ now: string }>('select extract(epoch from clock_timestamp()) * 1000 as now');
  refuseSkew(what, host.name, Number(rows[0]?.now), span);
}

/** All as text: a timestamp without a zone is UTC here, where the library would take it for local time. */
async function rowsOf(
  client: Client,
  { query }: Postgres,
  { startMs, stepMs, steps }: Span,
): Promise<(string | null)[][]> {
  const asked = query.trim().replace(/;$/, '');
  const { rows } = await client.query<(string | null)[]>({
    text: `select * from (\n${asked}\n) as series limit ${mostRows + 1}`,
    values: [new Date(startMs), new Date(startMs + steps * stepMs)].map((time) => time.toISOString()),
    rowMode: 'array',
    types: { getTypeParser: () => (text: string) => text },
  });
  return rows;
}

function placed({ combine }: Postgres, what: string, { object }: Place, span: Span, rows: (string | null)[][]): Values {
  if (rows.length > mostRows)
    throw new Refusal('TooMany', {
      what: `the rows of ${object}`,
      count: `more than ${mostRows}`,
      limit: mostRows,
      advice: 'let the query of its fleet file group them by time',
    });
  const grid = new Grid(span, combine);
  for (const [index, [time, value]] of rows.entries()) {
    const bad = (why: string) => new Refusal('BadSeries', { what: `${what}, row ${index + 1}`, why, object });
    const atMs = time == null ? undefined : parseTime(time);
    if (atMs === undefined) throw bad(`its first column is no time: ${time ?? 'null'}`);
    const number = value == null ? null : parseValue(value);
    if (number === undefined) throw bad(`its second column is no number: ${value}`);
    grid.add(atMs, number);
  }
  return grid.values(what, object);
}
