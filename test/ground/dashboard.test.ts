import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/stack/places';

const read = (...path: string[]): string => readFileSync(join(packageRoot, ...path), 'utf8');

test('the dashboard asks for figures that API and agents have', () => {
  const told = read('src', 'agent', 'metrics.ts') + read('src', 'api', 'metrics.ts');
  const asked = new Set(read('deploy', 'grafana-dashboard.json').match(/\b(evenkeel|process)_[a-z_]+\b/g));
  expect(asked.size).toBeGreaterThan(5);
  expect([...asked].filter((name) => !told.includes(`'${name}'`))).toEqual([]);
});
