import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FailoverSite } from '../../src/laboratory/failoverSite';
import { story, told } from '../setup/failoverScene';

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
  const mended = cannotBePromoted(site, 'p2');
  const { run, report, verdict } = await scene.breaks(() => site.faults.killDatabase('p1'));
  mended();
  expect(told(run)).toMatchInlineSnapshot();
  expect(report).toMatchObject({ primary: 'p3', stillHung: 0 });
  expect(verdict).toMatchObject({ sound: true, hung: [] });
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
