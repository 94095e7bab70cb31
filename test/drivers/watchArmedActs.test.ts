import type { MemberView } from '../../src/contract/capabilities/role';
import { Refusal, type ErrorCode } from '../../src/contract/errors';
import type { CapabilityOf, Host } from '../../src/drivers/host';
import { ArmedActs } from '../../src/drivers/watch/armedActs';
import type { EndpointFacts } from '../../src/planning/failover/facts';

const endpoint = 'orders';
const lease = { target: endpoint, epoch: 9 };

/** What each member answers: a code is a refusal, `never` is no answer at all. */
interface Script {
  promote?: Record<string, ErrorCode | 'never'>;
  fence?: Record<string, ErrorCode>;
  state?: Record<string, MemberView['state']>;
  sealed?: boolean;
}

/** One failover by an agent whose peers follow the script, and the orders that they were given. */
async function actedOut({ promote = {}, fence = {}, state = {}, sealed = true }: Script) {
  const orders: string[] = [];
  const answer = async <T>(order: string, says: ErrorCode | 'never' | undefined, value: T): Promise<T> => {
    orders.push(order);
    if (says === 'never') return new Promise(() => {});
    if (says) throw new Refusal(says, { member: 'it', host: 'its host', why: 'so', url: 'its address' });
    return value;
  };
  const role = (member: string): Partial<CapabilityOf<'role'>> => ({
    promote: () => answer(`promote ${member}`, promote[member], { timeline: 2, lsn: '0/1', asked: 1, tookMs: 1 }),
    fence: () => answer(`fence ${member}`, fence[member], { proof: ['dead'], killed: 1, tookMs: 1 }),
    status: async () => ({ member, state: state[member] ?? 'standby', cautions: [] }),
    setSynchronous: async () => ({ members: [] }) as never,
  });
  const traffic = {
    close: () => answer('close', undefined, {}),
    open: ({ to }: { to: { address: string } }) => answer(`open to ${to.address}`, undefined, {}),
    free: async () => ({ found: 0, left: 0 }),
  };
  const peer = (name: string, capability: string) => (capability === 'role' ? role(name) : traffic);
  const member = (host: string) => ({ host, address: host, port: 5432, candidate: true, powered: false });
  const terms = {
    ...{ endpoint, fence: 'sync', forwarders: { fa: { host: 'fa', address: 'fa', pooled: false } } },
    members: { p1: member('p1'), p2: member('p2'), p3: member('p3') },
  };
  const plan = { endpoint, epoch: lease.epoch, from: { fa: 7 }, primary: 'p1', candidates: ['p2', 'p3'] };
  const judgement = { sentence: 'p1 crashed', verdict: 'crashed', votes: [], down: 3, majority: true };
  const candidates = ['p2', 'p3'].map((name) => ({ member: name, host: name, lsn: '0/1', synchronous: true }));
  const acts = new ArmedActs(
    { name: 'et', peer } as unknown as Host,
    plan as never,
    { terms, nowMs: Date.now(), members: { p1: { silent: 'gone' } } } as unknown as EndpointFacts,
    { does: 'act', judgement, candidates, sealed } as never,
  );
  const deed = await acts.carryOut();
  return { orders, deed, told: deed.acts.map(({ what }) => what) };
}

const begun = ['close', 'fence p1'];
const silent = { fence: { p1: 'AgentUnreachable' } } as const;

test('the first standby is promoted, and nobody else is asked', async () => {
  const { orders, deed } = await actedOut({});
  expect(orders.toSorted()).toEqual([...begun, 'open to p2', 'promote p2']);
  expect(deed).toMatchObject({ outcome: 'done', failover: { to: 'p2', fence: ['dead'] } });
});

test.each<ErrorCode>(['NotStandby', 'DatabaseSaidNo'])('one that says %s is not fenced', async (code) => {
  const { orders, deed } = await actedOut({ promote: { p2: code } });
  expect(orders.slice(2)).toEqual(['promote p2', 'promote p3', 'open to p3']);
  expect(deed).toMatchObject({ failover: { to: 'p3' } });
});

test.each<ErrorCode | 'never'>(['NotPromoted', 'DatabaseSilent', 'AgentUnreachable', 'never'])(
  'one that may become the primary later (%s) is fenced before another one is promoted',
  async (code) => {
    const { orders, told } = await actedOut({ promote: { p2: code } });
    expect(orders.slice(2)).toEqual(['promote p2', 'fence p2', 'promote p3', 'open to p3']);
    expect(told).toContain('p2 was fenced, so that it does not become the primary later');
  },
  20_000,
);

test('where that one cannot be fenced nobody else is promoted, and the route stays closed', async () => {
  const { orders, deed, told } = await actedOut({
    promote: { p2: 'NotPromoted' },
    fence: { p1: 'AgentUnreachable', p2: 'NotFenced' },
  });
  expect(orders.slice(2)).toEqual(['promote p2', 'fence p2']);
  const why = 'p2 may still become the primary, and could not be fenced';
  expect(deed).toMatchObject({ outcome: 'failed', why });
  expect(told.slice(-2)).toEqual([
    `It stops here: ${why}`,
    'orders stays closed, since p2 may still become the primary',
  ]);
});

test('one whose host is out of reach holds nobody up, and the route is not opened to the old primary after it', async () => {
  const fence = { p1: 'AgentUnreachable', p2: 'AgentUnreachable' } as const;
  const on = await actedOut({ promote: { p2: 'AgentUnreachable' }, fence });
  expect(on.orders.slice(2)).toEqual(['promote p2', 'fence p2', 'promote p3', 'open to p3']);
  const { told, orders } = await actedOut({ promote: { p2: 'AgentUnreachable', p3: 'DatabaseSaidNo' }, fence });
  expect(orders).not.toContain('open to p1');
  expect(told.at(-1)).toBe('orders stays closed, since p2 may still become the primary');
});

test('where nobody can be promoted the route is opened to the old primary again', async () => {
  const promote = { p2: 'NotPromoted', p3: 'NotStandby' } as const;
  const { orders, deed } = await actedOut({ promote, ...silent, state: { p2: 'fenced', p3: 'down' } });
  expect(orders.slice(2)).toEqual(['promote p2', 'fence p2', 'promote p3', 'open to p1']);
  expect(deed).toMatchObject({ outcome: 'failed', why: 'no standby could be promoted' });
});

test('that the old primary was not fenced is called safe only where it is', async () => {
  const why = 'the agent of its host does not answer at its address: so';
  expect((await actedOut(silent)).told).toContain(`p1 was not fenced, which is safe: ${why}`);
  const { orders, told } = await actedOut({ ...silent, sealed: false });
  expect(told).toContain(`p1 was not fenced: ${why}`);
  expect(orders).toContain('open to p1');
  expect(orders).not.toContain('promote p2');
});
