import type { Output } from '../../src/contract/runbooks';
import { endpointOfLab as endpoint } from '../../src/laboratory/failoverFleet';
import { resultOf, story, told } from '../setup/failoverScene';

story('a forwarder that does not answer is left out, leaves the name, and comes back', {}, async (scene) => {
  const { site } = scene;
  await scene.guard();
  site.faults.killAgent('fa');
  const { run, report, verdict } = await scene.breaks(() => site.faults.killDatabase('p1'));
  expect(told(run)).toMatchInlineSnapshot();
  expect(report).toMatchObject({ primary: 'p2', left: ['fa'], stillHung: 0 });
  expect(verdict).toMatchObject({ sound: true });
  const named = async () => (await site.agent('fb').traffic.resolve({ endpoint })).addresses;
  expect(await named()).toEqual([site.network.host('fb').address]);

  await site.faults.startAgent('fa');
  await scene.start('replace-forwarder', { by: 'fa' });
  const back = await scene.ended('replace-forwarder');
  expect(told(back)).toMatchInlineSnapshot();
  expect(back.report!.result as Output<'replaceForwarder'>).toMatchObject({ joined: 'fa' });
  expect((await named()).toSorted()).toEqual(['fa', 'fb'].map((host) => site.network.host(host).address).toSorted());
  const { fa, fb } = await scene.epochs();
  expect(fa).toBeGreaterThan(fb!);
});

story('the DNS server is down: the failover goes through, and says what it could not do', {}, async (scene) => {
  const { site } = scene;
  await scene.guard();
  await scene.writes({ to: 'fb' });
  site.faults.killAgent('fa');
  await site.faults.cut('dns');
  const faultMs = site.faults.killDatabase('p1');
  const run = await scene.ended('fail-over-endpoint');
  expect(told(run)).toMatchInlineSnapshot();
  expect(resultOf(run)).toMatchObject({ primary: 'p2', left: ['fa'] });
  expect(await scene.judged('p2', faultMs)).toMatchObject({ sound: true, hung: [] });
});
