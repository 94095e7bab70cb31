import { ingestionSentences, planIngestion, type IngestionFacts } from '../../src/planning/ingestion/plan';
import { anotherPass } from '../../src/planning/ingestion/passes';
import { differing } from '../../src/planning/ingestion/verification';

const store = (fsvm: string, host: string, root: string) => ({ fsvm, host, root });
const item = (name: string, bytes = 1_000) => ({ item: name, bytes, files: 1, special: 0, foreignOwners: 0 });
const facts = (over: Partial<IngestionFacts> = {}): IngestionFacts => ({
  from: 'legacy',
  to: 'files2',
  sources: [
    {
      store: store('old-1', 'h1', '/srv/a'),
      items: [item('alpha'), item('beta')],
      unreadable: [],
      cannotKeep: [],
      journal: false,
    },
    { store: store('old-2', 'h2', '/srv/b'), items: [item('gamma')], unreadable: [], cannotKeep: [], journal: false },
  ],
  targets: [
    { store: store('new-1', 'h3', '/srv/new'), freeBytes: 10 ** 12, privileged: true, items: [] },
    { store: store('new-2', 'h4', '/srv/new'), freeBytes: 10 ** 12, privileged: true, items: [] },
  ],
  served: [],
  begun: [],
  hosts: ['h1', 'h2', 'h3', 'h4'].map((host) => ({ host })),
  rails: { maxConcurrency: 16, maxErrors: 10, minHealthy: 0.5, paused: [], freeze: false },
  ...over,
});
const choice = { balance: false, tokens: 2 };
const plan = (over: Partial<IngestionFacts> = {}) => planIngestion(facts(over), choice);

test('a plan reads as sentences', () => {
  expect(ingestionSentences(plan())).toMatchInlineSnapshot(`
   [
     "3 storage items, 3 files, 2.93 KiB from legacy to files2; 3 keep their ordinal",
     "  old-1 → new-1  2 items, 2 files, 1.95 KiB: alpha, beta",
     "  old-2 → new-2  1 item, 1 file, 1000 B: gamma",
   ]
  `);
});

test.each<[string, Partial<IngestionFacts>]>([
  ['FleetFrozen', { rails: { ...facts().rails, freeze: 'audit week' } }],
  ['HostPaused', { rails: { ...facts().rails, paused: ['h3'] } }],
  ['TooSick', { hosts: [{ host: 'h1' }, ...['h2', 'h3', 'h4'].map((host) => ({ host, silent: 'timeout' }))] }],
  ['NoTarget', { targets: [] }],
  ['NothingToDo', { sources: [] }],
  ['ItemsServed', { served: ['beta'] }],
  ['ItemsThere', { targets: facts().targets.map((t) => ({ ...t, items: ['gamma'] })) }],
  ['NotEnoughSpace', { targets: facts().targets.map((t) => ({ ...t, freeBytes: 10 })) }],
  [
    'SameFileServer',
    { targets: [{ freeBytes: 10 ** 12, privileged: true, items: [], store: store('new-1', 'h1', '/srv/a/new') }] },
  ],
  ['BadInput', { sources: facts().sources.map((s) => ({ ...s, items: [item('twice')] })) }],
])('refuses with %s', (code, over) => {
  expect(() => plan(over)).toThrow(expect.objectContaining({ code }));
});

test('items that an unfinished ingestion left there are taken up again', () => {
  const targets = facts().targets.map((t) => ({ ...t, items: ['gamma'], freeBytes: 10 ** 12 }));
  expect(plan({ targets, begun: ['gamma'] }).placement).toHaveLength(3);
});

test('passes go on until a delta is small, no longer shrinks, or there were enough of them', () => {
  const sizes = (...bytes: number[]) => bytes.map((b) => ({ bytes: b, files: b > 0 ? 1 : 0, deleted: 0 }));
  const limits = { maxPasses: 4, smallDeltaBytes: 100 };
  expect(anotherPass([], limits)).toBe(true);
  expect(anotherPass(sizes(10_000), limits)).toBe(true);
  expect(anotherPass(sizes(0), limits)).toBe(false);
  expect(anotherPass(sizes(10_000, 50), limits)).toBe(false);
  expect(anotherPass(sizes(10_000, 5_000), limits)).toBe(true);
  expect(anotherPass(sizes(10_000, 5_000, 5_000), limits)).toBe(false);
  expect(anotherPass(sizes(10_000, 5_000, 4_000, 3_000), limits)).toBe(false);
});

test('an item that one side lacks differs', () => {
  const seen = (name: string, digest: string) => ({ item: name, digest });
  expect(
    differing([seen('a', '1'), seen('b', '2'), seen('c', '3')], [seen('a', '1'), seen('b', 'x'), seen('d', '4')]),
  ).toEqual(['b', 'c', 'd']);
});
