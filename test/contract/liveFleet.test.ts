import { mkdtempSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { liveFleet, type LiveFleet } from '../../src/fleet/live';
import { eventually } from '../setup/eventually';

let folder: string;
let file: string;
let complaints: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evenkeel-live-'));
  file = join(folder, 'fleet.yaml');
  complaints = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const freeze = (why: string) => writeFileSync(file, `fleet: berlin\nhosts: {}\nlimits: { freeze: ${why} }\n`);
const opened = () => liveFleet(file, (error) => complaints.push(String(error)));

/** Why a run that begins now is refused; empty when it is not. */
function refusal(fleet: LiveFleet): string {
  try {
    fleet.checked();
    return '';
  } catch (error) {
    return String(error);
  }
}

test('a typo refuses what begins, says so once, and leaves the last right fleet to what goes on, until it is mended', () => {
  freeze('one');
  const fleet = opened();
  const right = readFileSync(file, 'utf8');
  writeFileSync(file, right.replace('limits', 'limit'));
  for (let times = 0; times < 3; times++) expect(refusal(fleet)).toContain('did you mean "limits"?');
  expect(fleet().limits.freeze).toBe('one');
  expect(complaints).toHaveLength(1);
  writeFileSync(file, right);
  expect(refusal(fleet)).toBe('');
});

test('a file that could not be read for a moment is right again as soon as it can, though nobody changed it', async () => {
  freeze('one');
  const fleet = opened();
  renameSync(file, `${file}.moved`);
  await eventually(() => refusal(fleet).includes('no such file'));
  expect(fleet().limits.freeze).toBe('one');
  renameSync(`${file}.moved`, file);
  await eventually(() => refusal(fleet) === '');
});

test('a second save within the same tick of the clock is seen', async () => {
  const saveInOneTick = (why: string) => {
    freeze(why);
    utimesSync(file, 1_800_000_000, 1_800_000_000);
  };
  saveInOneTick('one');
  const fleet = opened();
  saveInOneTick('two');
  await eventually(() => fleet().limits.freeze === 'two');
});
