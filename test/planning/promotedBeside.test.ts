import type { MemberView } from '../../src/contract/capabilities/role';
import type { EndpointFacts } from '../../src/planning/failover/facts';
import { failoverSentences, planFailover } from '../../src/planning/failover/plan';
import { facts, good, seen, sight, standby, terms, wish } from './endpointFacts';

describe('a member that somebody promoted past us', () => {
  const promoted = (timeline: number): MemberView => ({ ...standby('p2', '0/6000'), state: 'primary', timeline });
  const beside = (timeline: number, before: number | undefined, more: Partial<EndpointFacts> = {}) => {
    const known = before === undefined ? good : { ...good, timeline: before };
    return facts({
      members: { p1: { silent: 'gone' }, p2: promoted(timeline), p3: standby('p3', '0/9000') },
      observations: ['fa', 'fb', 'et'].map((observer) => seen(observer, sight('silent', { good: known }))),
      ...more,
    });
  };
  const twoPrimaries = /has 2 primaries: p1 by the routes, p\d by itself/;

  test('comes before all others, and somebody has to say yes, since nobody knows what it lacks', () => {
    const plan = planFailover(beside(2, 1), wish);
    expect(plan).toMatchObject({
      candidates: [{ member: 'p2', promoted: 2 }, { member: 'p3' }],
      ...{ lossless: false, sealed: false },
      asks: ['somebody promoted p2, and nobody knows how much of what was committed it lacks'],
    });
    expect(failoverSentences(plan)).toEqual(
      expect.arrayContaining([
        'p2 on p2 is a primary already, on timeline 2: somebody promoted it, and it stays the primary of orders-db',
        'if somebody gives it up, p3 (received up to 0/9000)',
      ]),
    );
  });

  test('is also known by those who have its answers, where it is too busy to tell', () => {
    const { members, observations } = beside(2, 1);
    const answers = sight('answers', { role: 'primary', good: { ...good, lsn: '0/7000', timeline: 2 } });
    const plan = planFailover(
      facts({
        members: { ...members, p2: { silent: 'no answer' } },
        observations: observations.map((one) => ({ ...one, sights: { ...one.sights, p2: answers } })),
      }),
      wish,
    );
    expect(plan.candidates.slice(0, 1)).toEqual([
      { member: 'p2', host: 'p2', lsn: '0/7000', synchronous: false, promoted: 2 },
    ]);
  });

  const alive = ['fa', 'fb', 'et'].map((observer) =>
    seen(observer, sight('answers', { good: { ...good, timeline: 1 } })),
  );
  test.each([
    ['is the one that was replaced before', beside(1, 2)],
    ['may be that', beside(2, undefined)],
    ['is beside a primary that answers', beside(2, 1, { observations: alive })],
    ['is one of two', beside(2, 1, { members: { p2: promoted(2), p3: { ...promoted(2), member: 'p3' } } })],
  ])('moves nothing where it %s, and no force changes that', (_, each) => {
    expect(() => planFailover(each, wish)).toThrow(twoPrimaries);
    expect(() => planFailover(each, { ...wish, force: true })).toThrow(twoPrimaries);
  });

  test('is not passed over for another one that somebody names', () => {
    expect(() => planFailover(beside(2, 1), { ...wish, to: 'p3' })).toThrow(twoPrimaries);
    expect(planFailover(beside(2, 1), { ...wish, to: 'p2' }).candidates[0]).toMatchObject({ member: 'p2' });
  });

  test.each([
    [
      'may not become the primary',
      { terms: { ...terms, members: { ...terms.members, p2: { ...terms.members['p2']!, candidate: false } } } },
    ],
    ['is of another cluster', { members: { p2: { ...promoted(2), systemId: '8' }, p3: standby('p3', '0/9000') } }],
  ])('moves nothing where it %s', (_, more) => {
    expect(() => planFailover(beside(2, 1, more), wish)).toThrow(twoPrimaries);
  });

  test('is refused in runs of earlier builds, which were planned by other rules', () => {
    const { rules: _, ...before } = terms;
    expect(() => planFailover(beside(2, 1, { terms: before }), wish)).toThrow(twoPrimaries);
  });
});
