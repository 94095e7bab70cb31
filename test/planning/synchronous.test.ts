import * as fc from 'fast-check';
import { readStandbyNames, waitsForNobody } from '../../src/planning/failover/synchronous';

test.each<[string, number, string[], boolean]>([
  ['', 0, [], false],
  ['  ', 0, [], false],
  ['p2', 1, ['p2'], false],
  ['p2, P3,p2', 1, ['p2', 'p3'], false],
  ['FIRST 1 (p2, p3)', 1, ['p2', 'p3'], false],
  ['any 2(p2,p3,p4)', 2, ['p2', 'p3', 'p4'], false],
  ['2 (p2, p3)', 2, ['p2', 'p3'], false],
  ['*', 1, [], true],
  ['ANY 1 (p2, *)', 1, ['p2'], true],
  ['"any 1 (p2)", "odd ""name"""', 1, ['any 1 (p2)', 'odd "name"'], false],
])('"%s" names whom commits may wait for', (setting, need, names, anyone) => {
  expect(readStandbyNames(setting)).toEqual({ need, names, anyone });
});

test('every name that is quoted is read as it is', () => {
  const name = fc.string({ minLength: 1 }).filter((one) => one !== '*');
  const how = fc.constantFrom('ANY', 'first', '');
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), how, fc.nat(9), (given, method, need) => {
      const list = given.map((one) => `"${one.replaceAll('"', '""')}"`).join(', ');
      const names = [...new Set(given.map((one) => one.toLowerCase()))];
      expect(readStandbyNames(`${method} ${need} (${list})`)).toEqual({ need, names, anyone: false });
    }),
  );
});

test.each(['off', 'OFF', 'local', 'false', 'no', '0'])('with %s a commit waits for nobody', (value) => {
  expect(waitsForNobody(value)).toBe(true);
});

test.each(['on', 'remote_write', 'remote_apply', 'true', 'yes', '1'])('with %s it waits', (value) => {
  expect(waitsForNobody(value)).toBe(false);
});
