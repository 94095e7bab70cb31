import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FailoverSite } from '../../src/laboratory/failoverSite';
import { resultOf, story, told } from '../setup/failoverScene';

/** A server that is to be promoted writes a file into its data directory: as on a full disk, it cannot. */
function cannotBePromoted(site: FailoverSite, member: string): () => void {
  const inTheWay = join(site.database(member).data, 'promote');
  mkdirSync(inTheWay);
  return () => rmdirSync(inTheWay);
}

story('a standby that cannot be promoted is passed over for the next one', { standbys: 2 }, async (scene) => {
  const { site } = scene;
  // Commits wait for one of the two, so that either may take over.
  await site.database('p1').ask(`alter system set synchronous_standby_names = 'ANY 1 (p2, p3)'`);
  await site.database('p1').ask('select pg_reload_conf()');
  await scene.guard();
  await scene.writes();
  // Nobody writes at the moment of the blow, so that both have the same, and p2 comes first by its name.
  await scene.rest();
  const mended = cannotBePromoted(site, 'p2');
  const faultMs = site.faults.killDatabase('p1');
  const run = await scene.ended('fail-over-endpoint');
  mended();
  expect(told(run)).toMatchInlineSnapshot();
  expect(resultOf(run)).toMatchObject({ primary: 'p3', stillHung: 0 });
  expect(await scene.judged('p3', faultMs)).toMatchObject({ sound: true, hung: [] });
});

story(
  'nobody can be promoted and the old primary still runs: the endpoint is opened to it again',
  {},
  async (scene) => {
    const { site } = scene;
    await scene.guard();
    await scene.writes({ patient: false });
    cannotBePromoted(site, 'p2');
    await site.faults.cut('p1');
    const run = await scene.ended('fail-over-endpoint');
    expect(told(run)).toMatchInlineSnapshot();
    expect(run.failure?.message).toMatchInlineSnapshot();
    await site.faults.mend('p1');
    expect(await scene.judged('p1')).toMatchObject({ sound: true });
  },
);
