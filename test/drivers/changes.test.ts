import { Changes, type Changed } from '../../src/services/mover/changes';

const bytes = (text: string) => Buffer.from(text);

/** Changes of these directories, at 1, 2, 3 …, and how many were looked up. */
function changesOf(paths: (string | undefined)[], gapAt = -1) {
  const looked: number[] = [];
  const all = paths.map((path, i): Changed => ({ path: path === undefined ? undefined : bytes(path), at: i + 1 }));
  const changes = new Changes(paths.length + 1, gapAt, function* (after, upTo) {
    for (const one of all) {
      if (one.at <= after || one.at > upTo) continue;
      looked.push(one.at);
      yield one;
    }
  });
  const since = (moment: number | undefined, item: string) =>
    changes.since(moment, bytes(item))?.map((path) => path.toString());
  return { since, looked };
}

test('each item hears of its own directories, and each is looked up once', () => {
  const { since, looked } = changesOf(['a/x', 'b', undefined, 'a', 'ab/y', 'a/x/z']);
  expect(since(4, 'a')).toEqual(['a/x/z']);
  expect(since(0, 'a')).toEqual(['a/x/z', 'a/x', 'a']);
  expect(since(1, 'b')).toEqual(['b']);
  expect(since(2, 'b')).toEqual([]);
  expect(since(4, 'ab')).toEqual(['ab/y']);
  expect(looked.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6]);
});

test('what may have been missed is not believed', () => {
  const { since } = changesOf(['a', 'a/b', 'a/c'], 2);
  expect(since(undefined, 'a')).toBeUndefined();
  expect(since(2, 'a')).toBeUndefined();
  expect(since(3, 'a')).toEqual([]);
});

test('one directory whose place is not known makes all of it unknown', () => {
  const changes = new Changes(5, 0, () => ['unknown' as const]);
  expect(changes.since(1, bytes('a'))).toBeUndefined();
  expect(changes.since(4, bytes('a'))).toBeUndefined();
});
