import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, request, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../src/stack/ports';
import type { Scene } from '../contract/agents';
import { eventually } from '../setup/eventually';
import { ended, folderIn, startProgram } from './loadScene';
import type { Sample } from './loadSources';

export interface PrometheusServer {
  port: number;
  stop: () => Promise<void>;
  start: () => Promise<void>;
}

/** A real Prometheus that holds this history. `web`: what its `--web.config.file` says. */
export async function prometheusServer(
  scene: Scene,
  history: Record<string, Sample[]>,
  web?: string,
): Promise<PrometheusServer> {
  const folder = folderIn(scene, 'prometheus');
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const data = join(folder, 'data');
  execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', file('history', openMetrics(history)), data], {
    stdio: 'ignore',
  });
  const port = await freePort();
  const words = [
    ...['prometheus', `--config.file=${file('prometheus.yml', 'global: {}\n')}`, `--storage.tsdb.path=${data}`],
    ...['--storage.tsdb.retention.time=100y', `--web.listen-address=127.0.0.1:${port}`],
    ...(web === undefined ? [] : [`--web.config.file=${file('web.yml', web)}`]),
  ];
  const start = async () => {
    const child = startProgram(scene, words, { cwd: folder });
    await eventually(async () => [200, 401].includes((await fetch(`http://127.0.0.1:${port}/-/ready`)).status));
    return child;
  };
  let child = await start();
  return { port, stop: () => ended(child), start: async () => void (child = await start()) };
}

const openMetrics = (history: Record<string, Sample[]>): string =>
  Object.entries(history)
    .flatMap(([name, samples]) => [
      `# TYPE ${name} gauge`,
      ...samples.map(([atMs, value]) => `${name} ${value ?? 'NaN'} ${atMs / 1000}`),
    ])
    .concat('# EOF\n')
    .join('\n');

interface Meddling {
  /** What the question becomes on its way there. */
  question?: (form: URLSearchParams, headers: IncomingHttpHeaders) => void;
  /** What its answer becomes on its way back. */
  answer?: (headers: IncomingHttpHeaders, body: string) => string;
}

/** A proxy before a real server, as people have them: it may check who asks, shift, and tell another time. */
export async function meddler(scene: Scene, port: number, { question, answer }: Meddling): Promise<string> {
  const server = createServer((asked, reply) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of asked as AsyncIterable<Buffer>) chunks.push(chunk);
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      question?.(form, asked.headers);
      const body = form.toString();
      const { method, url: path } = asked;
      const headers = { 'content-type': asked.headers['content-type'], 'content-length': Buffer.byteLength(body) };
      const onward = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
        void (async () => {
          const answered: Buffer[] = [];
          for await (const chunk of response as AsyncIterable<Buffer>) answered.push(chunk);
          const before = Buffer.concat(answered).toString();
          const { 'content-length': _, ...rest } = response.headers;
          const after = answer?.(rest, before) ?? before;
          reply.writeHead(response.statusCode ?? 500, rest).end(after);
        })();
      });
      onward.end(body);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scene.onEnd(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
