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
    // Whoever has no patience with a pause makes an error of it himself.
    await scene.writes({ queryTimeoutMs: 30_000 });
    await scene.start('switch-over-endpoint');
    const there = await scene.ended('switch-over-endpoint');
    expect(told(there)).toMatchInlineSnapshot(`
     [
       "done: Look at orders, its members, forwarders and observers",
       "done: Take orders, so that no other run touches it",
       "done: Make a checkpoint on p1 and p2, so that stop and promotion are short",
       "done: Let the poolers of fa and fb hold their clients",
       "done: Close orders on fa and fb",
       "done: Stop p1 cleanly, and see that p2 has everything",
       "done: Promote p2 on p2",
       "done: Open orders to p2 under epoch 3, and let the poolers go on",
       "done: Verify by a write through fa and fb",
       "done: Let p1 follow p2",
       "done: Let commits on p2 wait for one of p1",
     ]
    `);
    expect(there.report!.result as Output<'switchOverEndpoint'>).toMatchObject({
      ...{ was: 'p1', primary: 'p2', pooled: ['fa', 'fb'] },
    });
    await scene.goOn(100);
    await scene.start('switch-over-endpoint');
    const back = await scene.ended('switch-over-endpoint');
    expect(told(back)).toMatchInlineSnapshot(`
     [
       "done: Look at orders, its members, forwarders and observers",
       "done: Take orders, so that no other run touches it",
       "done: Make a checkpoint on p2 and p1, so that stop and promotion are short",
       "done: Let the poolers of fa and fb hold their clients",
       "done: Close orders on fa and fb",
       "done: Stop p2 cleanly, and see that p1 has everything",
       "done: Promote p1 on p1",
       "done: Open orders to p1 under epoch 5, and let the poolers go on",
       "done: Verify by a write through fa and fb",
       "done: Let p2 follow p1",
       "done: Let commits on p1 wait for one of p2",
     ]
    `);
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
    expect(told(undone)).toMatchInlineSnapshot(`
     [
       "done: Look at orders, its members, forwarders and observers",
       "done: Take orders, so that no other run touches it",
       "done: Make a checkpoint on p1 and p2, so that stop and promotion are short",
       "undone: Let the poolers of fa and fb hold their clients (the pooler of fa still has transactions after N s. Next: end the long transactions, or give the switch-over more time; its clients go on as before.)",
       "done: Undo: Let the poolers of fa and fb hold their clients",
     ]
    `);
    expect(undone.phase).toBe('undone');
    await client.query('commit');
    expect(await scene.epochs()).toEqual(epochs);
    expect(await scene.judged('p1')).toMatchObject({ sound: true, failed: 0, unknown: 0, refused: 0, lost: [] });
  },
);
