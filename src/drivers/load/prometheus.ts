import { formatDuration } from '../../contract/amounts';
import { Refusal } from '../../contract/errors';
import type { Prometheus } from '../../contract/series';
import { ask, expectJson, type Question } from './ask';
import { refuseSkew } from './clock';
import type { Place, Source, Span, Values } from './object';
import { readSecret } from './secret';

/** Prometheus refuses more than 11,000 points of a series in one answer. */
const pageSteps = 10_000;

interface Answer {
  data?: { resultType?: string; result?: { metric?: object; values?: [number, string][] }[] };
  warnings?: string[];
}

/** Any PromQL of one series, by query_range. A step's value is the query's at its end: `rate(x[5m])` covers just that step. */
export function prometheus(config: Prometheus, place: Place): Source {
  const { host, object } = place;
  const what = `Prometheus at ${new URL(config.url).host}`;
  const series = `"${config.query}" in ${what}`;

  const readPage = async (span: Span, signal: AbortSignal): Promise<Values> => {
    const question = asking(config, what, place, span, signal);
    const reply = await ask(question);
    const { data, warnings } = expectJson(reply, question) as Answer;
    refuseSkew(what, host.name, Date.parse(reply.headers.date ?? ''), span);
    if (warnings && warnings.length > 0)
      throw new Refusal('BadSeries', { what: series, why: `it may be incomplete: ${warnings[0]}`, object });
    if (data?.resultType !== 'matrix' || !data.result)
      throw new Refusal('SaidNo', { what, why: 'its answer is no series', object });
    if (data.result.length > 1) throw new Refusal('ManySeries', { what: series, count: data.result.length, object });
    return placed(data.result[0]?.values ?? [], span, series, object);
  };

  return {
    what: series,
    read: async ({ startMs, stepMs, steps }, signal) => {
      const values: Values = [];
      for (let from = 0; from < steps; from += pageSteps) {
        const page = { startMs: startMs + from * stepMs, stepMs, steps: Math.min(pageSteps, steps - from) };
        values.push(...(await readPage(page, signal)));
      }
      return values;
    },
  };
}

function asking(config: Prometheus, what: string, place: Place, span: Span, signal: AbortSignal): Question {
  const { startMs, stepMs, steps } = span;
  const form = new URLSearchParams({
    query: config.query,
    start: String((startMs + stepMs) / 1000),
    end: String((startMs + steps * stepMs) / 1000),
    step: String(stepMs / 1000),
    timeout: '20s',
  });
  const url = `${config.url.replace(/\/+$/, '')}/api/v1/query_range`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded', ...authorization(config) };
  return { what, place, method: 'POST', url, headers, body: form.toString(), ca: config.ca, signal };
}

function authorization({ bearer, user, password }: Prometheus): Record<string, string> {
  if (bearer) return { authorization: `Bearer ${readSecret(bearer)}` };
  if (user === undefined) return {};
  const word = Buffer.from(`${user}:${password ? readSecret(password) : ''}`).toString('base64');
  return { authorization: `Basic ${word}` };
}

/** Each point at its step. A server that answers at other times than those asked for has another step than we think. */
function placed(points: [number, string][], span: Span, what: string, object: string): Values {
  const values: Values = Array.from({ length: span.steps }, () => null);
  for (const [seconds, text] of points) {
    const step = (seconds * 1000 - span.startMs) / span.stepMs - 1;
    const at = Math.round(step);
    if (Math.abs(step - at) * span.stepMs > 1 || at < 0 || at >= span.steps) {
      const time = new Date(seconds * 1000).toISOString();
      const why = `it answered for ${time}, which is no end of a step of ${formatDuration(span.stepMs)}`;
      throw new Refusal('BadSeries', { what, why, object });
    }
    const value = Number(text);
    values[at] = Number.isFinite(value) ? value : null;
  }
  return values;
}
