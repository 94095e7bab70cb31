import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../src/stack/places';

const run = promisify(execFile);
const evenkeel = join(packageRoot, 'bin', 'evenkeel.js');

let script: string;
beforeAll(async () => {
  script = (await run(process.execPath, [evenkeel, 'completion', 'bash'])).stdout;
});

/** What bash would offer behind these words. */
async function offered(...words: string[]): Promise<string[]> {
  const line = ['evenkeel', ...words].map((word) => `'${word}'`).join(' ');
  const ask = `${script}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length}; _evenkeel; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return (await run('bash', ['-c', ask])).stdout.trim().split('\n');
}

test('bash completes commands, what is below them, and flags', async () => {
  expect(await offered('d')).toEqual(expect.arrayContaining(['demo', 'down', 'doctor']));
  expect(await offered('fleet', 'c')).toEqual(['check']);
  expect(await offered('fleet', 'check', '--o')).toEqual(['--online']);
  expect(await offered('up', '--fleet', 'x.yaml', '--f')).toEqual(['--fleet', '--foreground']);
  expect(await offered('run', 'ingest-vfs', '--dry')).toEqual(['--dry-run']);
});
