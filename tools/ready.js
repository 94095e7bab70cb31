'use strict';
const {
  existsSync,
  readFileSync,
  writeFileSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} = require('node:fs');
const { spawnSync } = require('node:child_process');
const { join, resolve } = require('node:path');
const { alone } = require('./lock');
const { fingerprint } = require('./fingerprint');

const root = resolve(__dirname, '..');
const at = (...path) => join(root, ...path);
const LEAST_NODE = [20, 20];
const installedStamp = at('node_modules', '.evenkeel-installed');
const builtStamp = at('dist', '.built');
const bundleStamp = at('dist', '.bundled');

/**
 * Makes a fresh clone usable: packages, then (with `build`) dist/ and the workflow bundle. A few ms when nothing is to be done.
 * EVENKEEL_SETUP=no forbids it and says what is missing instead.
 */
function ready({ build = true } = {}) {
  checkNode();
  const todo = () =>
    [!installed() && 'install', build && !built() && 'build', build && !bundled() && 'bundle'].filter(Boolean);
  if (todo().length === 0) return;
  if (process.env.EVENKEEL_SETUP === 'no') {
    stop(
      `not ready: ${todo()
        .map((step) => missing[step])
        .join('; ')} (and EVENKEEL_SETUP=no forbids doing it now)`,
    );
  }
  alone(at('.evenkeel', 'setup.lock'), () => {
    if (!installed()) install();
    if (build && !built()) compile();
    if (build && !bundled()) bundle();
  });
}

const missing = {
  install: 'node_modules is not what package-lock.json asks for: run `npm ci`',
  build: 'dist is older than src: run `npm run build`',
  bundle: 'the workflow bundle is older than src: run `npm run build`',
};

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1])) return;
  stop(
    `Evenkeel needs Node ${LEAST_NODE.join('.')} or newer, and this is ${process.versions.node} (${process.execPath})`,
  );
}

const lockDigest = () => fingerprint(root, ['package-lock.json']);
const sourceDigest = () => fingerprint(root, ['src', 'tsconfig.json', 'package-lock.json']);
const workflowDigest = () =>
  fingerprint(root, ['src/workflows', 'src/planning', 'src/contract', 'src/workers/bundle.ts', 'package-lock.json']);

function installed() {
  if (readOr(installedStamp) === lockDigest()) return true;
  if (!holdsLockedPackages()) return false;
  stamp(installedStamp, lockDigest());
  return true;
}

/** An installation without sources, such as the container image, is as it was built. */
const shipped = () => !existsSync(at('src')) && existsSync(at('dist', 'cli', 'main.js'));
const built = () => shipped() || readOr(builtStamp) === sourceDigest();
const bundled = () => shipped() || readOr(bundleStamp) === workflowDigest();

/** Compares what npm says it installed with what the lock file asks for; packages of other platforms are optional and may lack. */
function holdsLockedPackages() {
  const have = readOr(at('node_modules', '.package-lock.json'));
  if (!have) return false;
  const present = JSON.parse(have).packages;
  const locked = JSON.parse(readFileSync(at('package-lock.json'), 'utf8')).packages;
  const production = process.env.NODE_ENV === 'production';
  return Object.entries(locked).every(
    ([path, { version, optional, dev }]) =>
      !path || optional || (dev && production) || present[path]?.version === version,
  );
}

function install() {
  say('installing the locked packages with `npm ci` (about 30 s, once)');
  const options = {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, npm_config_loglevel: 'error' },
  };
  let { status, stderr, error } = spawnSync('npm', ['ci'], options);
  if (status !== 0 && /EUSAGE/.test(stderr)) {
    // The lock was changed without tools/lockfile.js: the versions that it does name are still taken.
    say('package-lock.json is incomplete; installing with `npm install --no-save`');
    ({ status, stderr, error } = spawnSync('npm', ['install', '--no-save'], options));
  }
  if (error || status !== 0)
    stop(`npm could not install: ${error?.message ?? stderr.split('\n').slice(0, 8).join('\n')}`);
  stamp(installedStamp, lockDigest());
}

/** Compiles beside dist and moves file by file, so that a running process never reads half a file. */
function compile() {
  say('building dist');
  const digest = sourceDigest();
  const fresh = at('dist.next');
  rmSync(fresh, { recursive: true, force: true });
  const compiler = at('node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.json', '--outDir', fresh], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (!existsSync(fresh)) stop('the compiler wrote nothing');
  if (status !== 0) say('built in spite of the type errors above');
  mkdirSync(at('dist'), { recursive: true });
  settle(fresh, at('dist'));
  rmSync(fresh, { recursive: true, force: true });
  stamp(builtStamp, digest);
}

/** Makes `to` hold what `from` holds, and nothing compiled that has lost its source. */
function settle(from, to) {
  const names = new Set(readdirSync(from));
  for (const name of names) {
    if (!statSync(join(from, name)).isDirectory()) renameSync(join(from, name), join(to, name));
    else {
      mkdirSync(join(to, name), { recursive: true });
      settle(join(from, name), join(to, name));
    }
  }
  const compiled = /\.(js|d\.ts|js\.map)$/;
  for (const entry of readdirSync(to, { withFileTypes: true })) {
    if (names.has(entry.name) || entry.name.startsWith('workflow-bundle')) continue;
    if (entry.isDirectory() || compiled.test(entry.name)) rmSync(join(to, entry.name), { recursive: true });
  }
}

function bundle() {
  const digest = workflowDigest();
  if (existsSync(at('dist', 'workers', 'bundle.js')))
    run(process.execPath, [at('dist', 'workers', 'bundle.js')], { stdio: ['ignore', 2, 2] });
  stamp(bundleStamp, digest);
}

function run(command, args, options) {
  const { status, error } = spawnSync(command, args, { cwd: root, ...options });
  if (error || status !== 0)
    stop(`\`${command} ${args.join(' ')}\` failed${error ? `: ${error.message}` : ` (exit ${status})`}`);
}

function readOr(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function stamp(path, text) {
  try {
    writeFileSync(path, text);
  } catch (error) {
    // An installation that its user may not write stays usable: the longer check is made each time.
    if (!['EACCES', 'EROFS', 'EPERM'].includes(error.code)) throw error;
  }
}

const say = (text) => console.error(`evenkeel: ${text}`);
function stop(text) {
  say(text);
  process.exit(1);
}

module.exports = { ready, root };
if (require.main === module) ready({ build: process.argv.includes('--build') });
