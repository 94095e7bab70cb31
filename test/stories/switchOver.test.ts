import { Client } from 'pg';
import type { Output } from '../../src/contract/runbooks';
import { story, told } from '../setup/failoverScene';
import { poolerPort } from '../../src/laboratory/pooler';

story(
  'a switch-over and one back cost the clients of the poolers no error; one whose clients do not pause is undone',
  { poolers: true },
  async (scene) => {
    const { site } = scene;
    await scene.guard();
    await scene.writes();
    await scene.start('switch-over-endpoint');
    const there = await scene.ended('switch-over-endpoint');
    expect(told(there)).toMatchInlineSnapshot();
    expect(there.report!.result as Output<'switchOverEndpoint'>).toMatchObject({
      ...{ was: 'p1', primary: 'p2', pooled: ['fa', 'fb'] },
    });
    await scene.goOn(100);
    await scene.start('switch-over-endpoint');
    const back = await scene.ended('switch-over-endpoint');
    expect(told(back)).toMatchInlineSnapshot();
    expect(back.report!.result).toMatchObject({ was: 'p2', primary: 'p1' });
    await scene.goOn(100);

    const epochs = await scene.epochs();
    const client = new Client({
      ...{ host: site.network.host('fa').address, port: poolerPort, user: 'app', database: 'postgres' },
    });
    await client.connect();
    scene.endings.add(() => client.end());
    await client.query('begin');
    await client.query('select 1');
    await scene.start('switch-over-endpoint', { pauseSeconds: 1, onFailure: 'undo' });
    const undone = await scene.ended('switch-over-endpoint');
    expect(told(undone)).toMatchInlineSnapshot();
    expect(undone.phase).toBe('undone');
    await client.query('commit');
    expect(await scene.epochs()).toEqual(epochs);
    expect(await scene.judged('p1')).toMatchObject({ sound: true, failed: 0, unknown: 0, refused: 0, lost: [] });
  },
);
