import { story, told } from '../setup/failoverScene';

story('a guard that nobody answers for a while watches on when they do', {}, async (scene) => {
  const { site } = scene;
  await scene.guard();
  const hosts = ['p1', 'p2', 'fa', 'fb', 'et'];
  for (const host of hosts) site.faults.killAgent(host);
  const alone = await scene.until('guard-endpoint', ({ steps }) => steps.at(-1)!.what.startsWith('Wait, since nobody'));
  expect(told(alone).slice(-2)).toEqual([
    'done: Look at orders, its members, forwarders and observers',
    'running: Wait, since nobody says who the primary of orders is',
  ]);
  for (const host of hosts) await site.faults.startAgent(host);
  await scene.until(
    'guard-endpoint',
    ({ steps }) => steps.at(-1)!.what.startsWith('Watch p1') && steps.at(-1)!.state === 'running',
    60_000,
  );
  const { report, verdict } = await scene.breaks(() => site.faults.killDatabase('p1'));
  expect(report).toMatchObject({ primary: 'p2', lossless: true });
  expect(verdict).toMatchObject({ sound: true, hung: [] });
});

story('a standby that dies holds up every commit, and the guard says so until it is back', {}, async (scene) => {
  const { site } = scene;
  const watches = (what: string) =>
    scene.until('guard-endpoint', ({ steps }) => steps.at(-1)!.what === what && steps.at(-1)!.state === 'running');
  await scene.guard();
  await scene.writes({ patient: false });
  site.faults.killDatabase('p2');
  await watches('Watch p1, primary of orders: healthy, and its commits hang');
  const { plan } = await scene.show('guard-endpoint');
  expect(plan!.sentences).toContain('caution: commits on p1 hang: fewer standbys stream than they wait for');
  await site.database('p2').start();
  await watches('Watch p1, primary of orders: healthy');
  expect(await scene.judged('p1')).toMatchObject({ sound: true, lost: [] });
  expect(await site.primary()).toBe('p1');
});
