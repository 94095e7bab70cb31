import { EndpointEntry } from '../../src/contract/endpoints';
import { Scene } from '../contract/agents';
import { watching, type Watch } from './watchScene';

let scene: Scene;
beforeEach(() => void (scene = new Scene()));
afterEach(() => scene.close());

const lease = { target: 'orders', epoch: 7 };

/** An observer of an endpoint that watches nobody who is there; `powerOff` is that of its member p1. */
function observer(powerOff?: string[]): { watch: Watch; logged: string[] } {
  const member = (name: string) => ({ host: name, address: '127.0.0.1', port: 1, data: '/nowhere' });
  const orders = EndpointEntry.parse({
    name: 'orders.test',
    members: { p1: { ...member('p1'), ...(powerOff && { powerOff }) }, p2: member('p2') },
    forwarders: { fa: { host: 'a', address: '127.0.0.1' } },
    observers: ['x', 'y', 'z'],
  });
  return watching(scene, { endpoints: { orders } });
}

const cut = ({ watch }: { watch: Watch }, deadlineMs = 5_000) =>
  watch.powerOff({ target: 'orders', member: 'p1', lease, deadlineMs });

test('the command of the fleet file is told whom it is about, and its success is the proof', async () => {
  const orders = observer(['sh', '-c', 'test "$EVENKEEL_ENDPOINT/$EVENKEEL_MEMBER/$EVENKEEL_HOST" = orders/p1/p1']);
  expect((await cut(orders)).proof).toEqual(['`sh` on a has cut the power of p1']);
  expect(orders.logged.join()).toContain('"epoch":7');
});

test('whatever else it does proves nothing', async () => {
  const failing = observer(['sh', '-c', 'echo the controller does not answer >&2; exit 3']);
  await expect(cut(failing)).rejects.toThrow('the controller does not answer');
  await expect(cut(observer(['/no/such/program']))).rejects.toThrow('ENOENT');
  await expect(cut(observer(['sleep', '20']), 200)).rejects.toThrow('did not end in 0.2 s');
  await expect(cut(observer())).rejects.toThrow('has no `powerOff` for it');
});
