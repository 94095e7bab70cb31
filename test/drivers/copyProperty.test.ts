import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  array,
  assert,
  asyncProperty,
  constant,
  constantFrom,
  integer,
  oneof,
  record,
  string,
  type Arbitrary,
} from 'fast-check';
import { rsyncDiffers } from './nastyTree';
import { bareHosts, digestOf, send, type TwoHosts } from './twoHosts';

const path = array(constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const content = oneof(
  string({ maxLength: 40 }).map((text) => Buffer.from(text)),
  integer({ min: 0, max: 255 }).map((byte) => Buffer.alloc(1024 * 1024 + 1 + byte, byte)),
);
const change = oneof(
  { weight: 4, arbitrary: record({ do: constant('write' as const), path, content }) },
  { weight: 2, arbitrary: record({ do: constant('folder' as const), path }) },
  { weight: 2, arbitrary: record({ do: constant('remove' as const), path }) },
  { weight: 2, arbitrary: record({ do: constant('move' as const), path, to: path }) },
  { weight: 3, arbitrary: record({ do: constant('link' as const), path, to: path }) },
  { weight: 1, arbitrary: record({ do: constant('symlink' as const), path, to: path }) },
  {
    weight: 1,
    arbitrary: record({ do: constant('mode' as const), path, mode: constantFrom(0o600, 0o755, 0o4711) }),
  },
  {
    weight: 1,
    arbitrary: record({ do: constant('touch' as const), path, at: integer({ min: 0, max: 2e9 }) }),
  },
);
type Change = typeof change extends Arbitrary<infer C> ? C : never;

/** What the file system says no to does not happen; that is fine here. */
function apply(root: string, step: Change): void {
  const at = join(root, step.path);
  try {
    if (step.do === 'write') writeFileSync(at, step.content);
    else if (step.do === 'folder') mkdirSync(at, { recursive: true });
    else if (step.do === 'remove') rmSync(at, { recursive: true });
    else if (step.do === 'move') renameSync(at, join(root, step.to));
    else if (step.do === 'link') linkSync(at, join(root, step.to));
    else if (step.do === 'symlink') symlinkSync(step.to, at);
    else if (lstatSync(at).isSymbolicLink()) return;
    else if (step.do === 'mode') chmodSync(at, step.mode);
    else utimesSync(at, step.at, step.at);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

let hosts: TwoHosts;
beforeAll(async () => {
  hosts = await bareHosts();
});
afterAll(() => hosts.stop());

test('whatever is done to a tree, one pass makes the target the same', async () => {
  let run = 0;
  await assert(
    asyncProperty(array(array(change, { maxLength: 12 }), { minLength: 2, maxLength: 5 }), async (rounds) => {
      const item = `item-${++run}`;
      const root = join(hosts.from.root, item);
      mkdirSync(root);
      for (const [round, steps] of rounds.entries()) {
        for (const step of steps) apply(root, step);
        const sent = await send(hosts, [item], { lanes: 1 + (round % 2), paranoid: round % 3 === 2 });
        expect(sent.failed).toBe(0);
        expect(await digestOf(hosts.to, [item])).toEqual(await digestOf(hosts.from, [item]));
      }
      expect(rsyncDiffers(root, join(hosts.to.root, item))).toBe('');
      const idle = await send(hosts, [item]);
      expect(idle).toMatchObject({ files: 0, bytes: 0, directories: 0, hardLinks: 0, deleted: 0 });
    }),
    { numRuns: Number(process.env['EVENKEEL_RUNS'] ?? 25) },
  );
}, 120_000);
