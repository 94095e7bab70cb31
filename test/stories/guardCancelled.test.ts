import { endpointOfLab as endpoint, pairOfLab as pair } from '../../src/laboratory/failoverFleet';
import { story } from '../setup/failoverScene';

const said = { by: 'ann', why: 'new disks' };

story(
  'a guard that is cancelled ends, and takes the armed plan back before it does',
  { proxies: true, endpointEntry: { armed: { after: '1s', expires: '10min' } } },
  async (scene) => {
    const { operator, site } = scene;
    await scene.guard();
    await scene.until('guard-endpoint', ({ steps }) =>
      steps.some(({ what, state }) => what.startsWith('Arm ') && state === 'done'),
    );
    await operator.start('guard-proxies', { pair, wellSeconds: 1 }, 'ann');
    await scene.untilRun(`guard-proxies/${pair}`, ({ steps }) => steps.at(-1)!.what.startsWith('Listen'));
    site.faults.killAgent('et');
    await operator.cancel(`guard-endpoint/${endpoint}`, said);
    const { phase, steps } = await scene.ended('guard-endpoint');
    expect([phase, steps.at(-1)]).toMatchObject([
      'cancelled',
      {
        what: 'Disarm orders: its guard ends',
        state: 'failed',
        why: expect.stringContaining('et has not heard') as string,
      },
    ]);
    await operator.cancel(`guard-proxies/${pair}`, said);
    const { phase: ends } = await scene.untilRun(`guard-proxies/${pair}`, ({ endedAt }) => endedAt !== undefined);
    expect(ends).toBe('cancelled');
  },
);
