import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../src/stack/places';
import { freePort } from '../../src/stack/ports';

const run = promisify(execFile);
const evenkeel = join(packageRoot, 'bin', 'evenkeel.js');

let script: string;
let folder: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evenkeel-completion-'));
  env = { ...process.env, TEMPORAL_ADDRESS: `127.0.0.1:${await freePort(0)}`, EVENKEEL_STATE: join(folder, 'state') };
  script = (await run(process.execPath, [evenkeel, 'completion', 'bash'])).stdout;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What bash would offer behind these words. */
async function offered(...words: string[]): Promise<string[]> {
  const line = [evenkeel, ...words].map((word) => `'${word}'`).join(' ');
  const ask = `${script}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length}; _evenkeel; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return (await run('bash', ['-c', ask], { cwd: folder, env })).stdout.trim().split('\n');
}

test('bash completes commands, what is below them, and flags', async () => {
  expect(await offered('d')).toEqual(expect.arrayContaining(['demo', 'down', 'doctor']));
  expect(await offered('fleet', 'c')).toEqual(['check']);
  expect(await offered('fleet', 'check', '--o')).toEqual(['--online']);
  expect(await offered('up', '--fleet', 'x.yaml', '--f')).toEqual(['--fleet', '--foreground']);
  expect(await offered('run', 'ingest-vfs', '--dry')).toEqual(['--dry-run']);
});

test('bash completes file servers, hosts and runbooks, and is silent where nothing is known or nobody answers', async () => {
  const from = () => offered('run', 'ingest-vfs', '--from', 'le');
  expect(await from()).toEqual(['']);
  const hosts = 'hosts: { alpha: { agent: http://127.0.0.1:1, zone: a } }';
  const stores = 'fileServers: { legacy: { fsvms: {} }, files2: { fsvms: {} } }';
  writeFileSync(join(folder, 'fleet.yaml'), `fleet: x\n${hosts}\n${stores}\n`);
  expect(await from()).toEqual(['legacy']);
  expect(await offered('schedule', 'apply', 'ingest-vfs', '--cron', 'x', '--to', '')).toEqual(['legacy', 'files2']);
  expect(await offered('agent', 'run', '--host', 'a')).toEqual(['alpha']);
  expect(await offered('list', '--runbook', 'ing')).toEqual(['ingest-vfs']);
  expect(await offered('watch', 'fil')).toEqual(['']);
  expect(await offered('watch', '--w')).toEqual(['--wait']);
});
