import { meantBy, nearId } from '../../src/api/partOfId';

const ids = [
  'ingest-vfs/files2',
  'ingest-vfs/files20',
  'ingest-vfs/homes',
  'nightly-homes',
  'ingest-vfs/homes/dry-run',
  'ingest-vfs/homes/dry-run-2026',
];

test.each([
  ['ingest-vfs/files2', ['ingest-vfs/files2']],
  ['files2', ['ingest-vfs/files2']],
  ['files', ['ingest-vfs/files2', 'ingest-vfs/files20']],
  ['homes/dry-run', ['ingest-vfs/homes/dry-run']],
  ['homes/dry', ['ingest-vfs/homes/dry-run', 'ingest-vfs/homes/dry-run-2026']],
  ['night', ['nightly-homes']],
  ['nothing', []],
])('%s means %j', (given, meant) => expect(meantBy(given, ids)).toEqual(meant));

test('what is nearly a part of an id is told with the whole id', () => {
  expect(nearId('hmoes', ids)).toBe('; did you mean "ingest-vfs/homes"?');
});
