import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { abilities, abilityNames, type Ability } from '../../src/stack/machine';
import { packageRoot } from '../../src/stack/places';

test('doctor says of every ability whether it is there, and else why not and what gets it', async () => {
  const entry = join(packageRoot, 'bin', 'evenkeel.js');
  const { stdout } = await promisify(execFile)(process.execPath, [entry, 'doctor', '--json']);
  const { abilities: told } = JSON.parse(stdout) as {
    abilities: { name: string; there: boolean; why?: string; get?: string }[];
  };
  expect(told.map(({ name }) => name)).toEqual(abilityNames);
  for (const { there, why, get } of told)
    expect([why, get].every((text) => (there ? text === undefined : text))).toBe(true);
});

test('what a Debian package brings names that package in the line that gets it', () => {
  const brought = abilityNames.map((name): Ability => abilities[name]).filter(({ debian }) => debian);
  expect(brought.filter(({ debian = '', get }) => !get.includes(`apt-get install ${debian}`))).toEqual([]);
});
