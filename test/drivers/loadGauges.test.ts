import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outlook } from '../../src/contract/outlook';
import { freePort } from '../../src/stack/ports';
import { createAgentClient } from '../../src/agent/client';
import { objects } from '../../src/drivers/load/objects';
import { fleetOf, Scene, token } from '../contract/agents';
import { eventually } from '../setup/eventually';
import { needs } from '../setup/needs';
import { folderIn, startProgram, tables } from './loadScene';

const run = needs('prometheus');
const hour = 3_600_000;

let scene: Scene;
beforeEach(() => void (scene = new Scene()));
afterEach(() => scene.close());

/** An agent that has an object `web`, asked by its address. */
async function agentWithWeb() {
  const web = { host: 'a', series: { from: 'csv', file: '/nowhere.csv' }, min: 1, max: 9, capacity: 1 };
  const url = `http://127.0.0.1:${await freePort()}`;
  const fleet = fleetOf({ a: url }, { objects: { web } });
  await scene.agent({ fleet, drivers: { load: async (host) => objects(host, tables) } });
  const client = createAgentClient({ host: 'a', url, token });
  scene.onEnd(() => client.close());
  return { url, load: client.load };
}

/** Begins at the present hour: hour by hour 100, 101 and so on. */
const outlook = (startMs = Math.floor(Date.now() / hour) * hour): Outlook => {
  const mean = Array.from({ length: 24 }, (_, step) => 100 + step);
  const shifted = (by: number) => mean.map((value) => value + by);
  const bands = [
    { level: 80, lower: shifted(-10), upper: shifted(10) },
    { level: 95, lower: shifted(-20), upper: shifted(20) },
  ];
  const evidence = { model: 'trend', errors: { trend: 1 }, naive: 2, ratio: 0.5, origins: 24, why: 'So.' };
  const decision = { wish: 4, desired: 4, rule: 'predictive' as const, reason: 'So', bounds: [], done: false };
  return { atMs: startMs, forecast: { startMs, stepMs: hour, mean, bands, ...evidence }, decision };
};
const lease = { target: 'web', epoch: 1 };

run('a real Prometheus scrapes a forecast as gauges by horizon and quantile', async () => {
  const { url, load } = await agentWithWeb();
  await load.publishOutlook({ object: 'web', outlook: outlook(), lease });
  const folder = folderIn(scene, 'prometheus');
  const config = join(folder, 'prometheus.yml');
  writeFileSync(
    config,
    `scrape_configs:
  - job_name: agents
    scrape_interval: 1s
    authorization: { credentials: ${token} }
    static_configs: [{ targets: ['${new URL(url).host}'] }]
`,
  );
  const port = await freePort();
  const flags = [`--config.file=${config}`, `--storage.tsdb.path=${folder}`, `--web.listen-address=127.0.0.1:${port}`];
  startProgram(scene, ['prometheus', ...flags], { cwd: folder });
  const ask = async (query: string): Promise<number> => {
    const reply = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`);
    const { data } = (await reply.json()) as { data: { result: { value: [number, string] }[] } };
    expect(data.result).toHaveLength(1);
    return Number(data.result[0]!.value[1]);
  };
  const inThreeHours = await eventually(() => ask('evenkeel_forecast{object="web",horizon="3h",quantile="mean"}'));
  expect([103, 104]).toContain(inThreeHours); // the hour may have ended meanwhile
  expect(await ask('evenkeel_forecast{horizon="3h",quantile="0.9"}')).toBe(inThreeHours + 10);
  expect(await ask('evenkeel_forecast{horizon="3h",quantile="0.025"}')).toBe(inThreeHours - 20);
  expect(await ask('evenkeel_recommended_size{object="web"}')).toBe(4);
});

test('a forecast that has ended, or of an object that is not there, says nothing', async () => {
  const { url, load } = await agentWithWeb();
  const metrics = async () => (await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } })).text();
  expect(await metrics()).not.toContain('evenkeel_forecast');
  const over = outlook(Math.floor(Date.now() / hour) * hour - 100 * hour);
  await load.publishOutlook({ object: 'web', outlook: over, lease });
  expect(await metrics()).not.toContain('evenkeel_forecast{');
  await load.publishOutlook({ object: 'web', outlook: outlook(), lease });
  expect(await metrics()).toContain('evenkeel_forecast{object="web",horizon="1h",quantile="mean"}');
  await expect(load.publishOutlook({ object: 'wob', outlook: outlook(), lease })).rejects.toMatchObject({
    code: 'UnknownObject',
  });
});
