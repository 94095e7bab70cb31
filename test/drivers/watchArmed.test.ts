import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, issue } from '../../src/agent/authority';
import type { ArmedPlan, ArmedTerms } from '../../src/contract/armed';
import { EndpointEntry } from '../../src/contract/endpoints';
import type { Role } from '../../src/contract/roles';
import type { Sight } from '../../src/contract/sights';
import type { Host } from '../../src/drivers/host';
import { armed } from '../../src/drivers/watch/armed';
import { ArmedBook } from '../../src/drivers/watch/armedBook';
import { refuseForged, sealPlan } from '../../src/drivers/watch/seal';
import { eventually } from '../setup/eventually';

const terms: ArmedTerms = {
  ...{ endpoint: 'orders', epoch: 9, from: { fa: 7 }, primary: 'p1', candidates: ['p2'], afterMs: 1_500 },
  ...{ observers: ['a', 'b', 'c'].map((host) => ({ host, zone: host })), notBeforeMs: 0 },
};
const token = 'a-token-of-this-test';
const lease = { target: 'orders', epoch: 9 };
const soon = () => Date.now() + 60_000;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evenkeel-armed-'));
  await createAuthority(join(folder, 'ours'), 'ours');
  await createAuthority(join(folder, 'theirs'), 'theirs');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function trustOf(name: string, role: Role, authority = 'ours'): Promise<Host['trust']> {
  const { cert, key } = await issue(join(folder, authority), { name, role });
  return { tls: { ca: join(folder, 'ours', 'ca.crt'), cert, key } };
}

describe('the seal of a plan', () => {
  const changes: Partial<ArmedPlan>[] = [
    ...[{ endpoint: 'others' }, { epoch: 10 }, { from: { fa: 8 } }, { primary: 'p3' }, { candidates: ['p3'] }],
    ...[{ observers: [] }, { afterMs: 0 }, { notBeforeMs: 1 }, { expiresAtMs: Date.now() + 3_600_000 }],
  ];

  test('by a certificate of the fleet is right, and breaks with every change', async () => {
    const trust = await trustOf('worker', 'agent');
    const plan = sealPlan(terms, soon(), trust);
    refuseForged(plan, trust, Date.now());
    for (const change of changes)
      expect(() => refuseForged({ ...plan, ...change }, trust, Date.now())).toThrow('was changed');
  });

  test('by a shared token is right, and breaks with every change', () => {
    const plan = sealPlan(terms, soon(), { token });
    refuseForged(plan, { token }, Date.now());
    expect(() => refuseForged(plan, { token: 'another-token' }, Date.now())).toThrow('was changed');
    for (const change of changes)
      expect(() => refuseForged({ ...plan, ...change }, { token }, Date.now())).toThrow('was changed');
  });

  test('of another authority, of a person, of yesterday, or none, is refused', async () => {
    const trust = await trustOf('agent', 'agent');
    const signed = async (name: string, role: Role, authority?: string) =>
      sealPlan(terms, soon(), await trustOf(name, role, authority));
    const stranger = await signed('stranger', 'agent', 'theirs');
    expect(() => refuseForged(stranger, trust, Date.now())).toThrow('not one of this fleet');
    const person = await signed('ann', 'approver');
    expect(() => refuseForged(person, trust, Date.now())).toThrow('may not act on agents');
    const plan = sealPlan(terms, soon(), trust);
    expect(() => refuseForged(plan, trust, Date.now() + 400 * 24 * 3_600_000)).toThrow('not valid now');
    expect(() => refuseForged({ ...plan, certificate: 'none' }, trust, Date.now())).toThrow('cannot be read');
    const { certificate: _, ...bare } = plan;
    expect(() => refuseForged(bare, trust, Date.now())).toThrow('carries no certificate');
    expect(() => refuseForged(sealPlan(terms, soon(), { token }), trust, Date.now())).toThrow('carries no certificate');
  });
});

describe('an observer', () => {
  const member = (n: number) => ({ host: `p${n}`, address: `10.0.0.${n}`, data: `/srv/p${n}` });
  const entry = (more: object) =>
    EndpointEntry.parse({
      ...{ name: 'orders.test', members: { p1: member(1), p2: member(2) }, observers: ['a', 'b', 'c'] },
      ...{ forwarders: { fa: { host: 'fa', address: '10.0.0.9' } }, autonomy: 'act', ...more },
    });
  const gone: Sight = { says: 'refused', misses: 2, sinceMs: 1 };
  const well: Sight = { says: 'answers', misses: 0, sinceMs: 1 };

  /** One named `a`, with what it sees of the primary; asked again, it has only what is on its disk. */
  function observer({ sight = gone, more = { armed: {} }, stateDir = mkdtempSync(join(folder, 'a-')) } = {}) {
    const host = { name: 'a', endpoints: { orders: entry(more) }, trust: { token }, stateDir };
    const seen = () => ({ ...{ observer: 'a', revision: 1, atMs: 0, starvedMs: 0 }, sights: { p1: sight } });
    return { stateDir, watch: armed(host as unknown as Host, new ArmedBook(stateDir), seen) };
  }
  const arm = (of: Partial<ArmedTerms> = {}, until = soon()) => {
    const plan = sealPlan({ ...terms, ...of }, until, { token });
    return { target: 'orders', lease: { target: 'orders', epoch: plan.epoch }, plan };
  };
  const claim = (by: string, epoch = 9) => ({ target: 'orders', lease: { target: 'orders', epoch }, by });

  test('takes no plan that its own fleet file does not arm, nor one of others, nor one that is over', async () => {
    await expect(observer({ more: {} as { armed: object } }).watch.arm(arm())).rejects.toThrow('does not arm it');
    const { watch } = observer();
    await expect(watch.arm(arm({ endpoint: 'others' }))).rejects.toThrow('one of others');
    await expect(watch.arm({ ...arm(), lease: { ...lease, epoch: 10 } })).rejects.toThrow('another lease');
    await expect(watch.arm(arm({ observers: [{ host: 'b' }, { host: 'c' }, { host: 'd' }] }))).rejects.toThrow(
      'no observer',
    );
    await expect(watch.arm(arm({}, Date.now() - 1))).rejects.toThrow('expired');
    const { plan, ...rest } = arm();
    await expect(watch.arm({ ...rest, plan: { ...plan, candidates: ['p3'] } })).rejects.toThrow('was changed');
  });

  test('gives the right to a plan to one agent only, for ever', async () => {
    const { watch, stateDir } = observer();
    expect(await watch.claim(claim('b'))).toMatchObject({ granted: false, why: 'it holds no such plan' });
    await watch.arm(arm());
    expect(await watch.claim(claim('z'))).toEqual({ granted: false, why: 'z is no observer of it' });
    expect(await watch.claim(claim('b'))).toEqual({ granted: true });
    expect(await watch.claim(claim('c'))).toEqual({ granted: false, has: 'b' });
    const again = observer({ stateDir }).watch;
    expect(await again.claim(claim('c'))).toEqual({ granted: false, has: 'b' });
    await again.arm(arm());
    expect(await again.claim(claim('c'))).toEqual({ granted: false, has: 'b' });
    expect(await again.claim(claim('b'))).toEqual({ granted: true });
  });

  test('gives no right while it sees the primary itself', async () => {
    const { watch } = observer({ sight: well });
    await watch.arm(arm());
    expect(await watch.claim(claim('b'))).toMatchObject({ granted: false, why: 'a does not miss the primary' });
  });

  test('gives no right to a plan that has expired meanwhile, until it is renewed', async () => {
    const { watch, stateDir } = observer();
    await watch.arm(arm({}, Date.now() + 300));
    const refused = await eventually(async () => {
      // It sees the primary: until the plan has ended it gives no right for that reason.
      const answer = await observer({ stateDir, sight: well }).watch.claim(claim('b'));
      expect(answer).toMatchObject({ granted: false, why: 'it has expired' });
      return answer;
    });
    expect(await watch.claim(claim('b'))).toEqual(refused);
    await watch.arm(arm());
    expect(await watch.claim(claim('b'))).toEqual({ granted: true });
  });

  test('takes what was taken back never again, and the next one', async () => {
    const { watch, stateDir } = observer();
    await watch.arm(arm());
    expect(await watch.disarm({ target: 'orders', lease })).toEqual({ was: true });
    expect(await watch.claim(claim('b'))).toMatchObject({ granted: false });
    await expect(watch.arm(arm())).rejects.toThrow('used or taken back');
    await expect(observer({ stateDir }).watch.arm(arm())).rejects.toThrow('used or taken back');
    await watch.arm(arm({ epoch: 10 }));
    expect(await watch.claim(claim('b', 10))).toEqual({ granted: true });
  });
});
