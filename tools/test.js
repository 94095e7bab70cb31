'use strict';
const { existsSync, mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { spawnSync } = require('node:child_process');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { ready, root } = require('./ready');

/**
 * `npm test [-- names and jest options]`: sets this machine up as far as it may, runs the tests, and says at the very end,
 * in one line, how many passed and failed. `--soak [--minutes N]` runs the stories again and again with new seeds.
 */
function main(args) {
  ready();
  prepare();
  const soak = args.includes('--soak');
  const minutes = Number(takeValue(args, '--minutes') ?? 60);
  const rest = args.filter((arg) => arg !== '--soak');
  const totals = soak ? soakFor(minutes, rest) : runJest(rest);
  console.log(closingLine(totals));
  process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;
}

/** Debian packages where this is root; otherwise what will be skipped, why, and the line that changes that. */
function prepare() {
  const { abilities } = require(join(root, 'dist', 'stack', 'machine.js'));
  const lacking = () =>
    Object.entries(abilities).filter(([, ability]) => ability.for === 'suite' && ability.lacks() !== undefined);
  const packages = [
    ...new Set(
      lacking()
        .map(([, ability]) => ability.debian)
        .filter(Boolean),
    ),
  ];
  if (packages.length > 0 && mayInstall()) install(packages);
  for (const [name, ability] of lacking()) {
    console.log(`Tests that need "${name}" are skipped: ${ability.lacks()}. To run them: ${ability.get}`);
  }
}

const mayInstall = () =>
  process.getuid?.() === 0 && process.env.EVENKEEL_SETUP !== 'no' && existsSync('/usr/bin/apt-get');

function install(packages) {
  console.log(`Installing Debian packages that the tests use: ${packages.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) =>
    spawnSync('apt-get', ['-q', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
  if (!apt('update')) console.log('apt-get update failed; trying with the lists that are here');
  if (!apt('install', '-y', '--no-install-recommends', ...packages)) console.log('apt-get install failed');
}

function runJest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-test-'));
  const file = join(folder, 'results.json');
  try {
    const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
    const options = ['--json', '--outputFile', file, ...args];
    const { status } = spawnSync(process.execPath, [jest, ...options], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return existsSync(file)
      ? count(JSON.parse(readFileSync(file, 'utf8')), status)
      : { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file that could not even be loaded counts as one failure, and so does a jest that failed without a failed test. */
function count(results, status) {
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  const skipped = results.numPendingTests + results.numTodoTests;
  return { passed: results.numPassedTests, failed: failed || (status === 0 ? 0 : 1), skipped };
}

function soakFor(minutes, args) {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const end = Date.now() + minutes * 60_000;
  for (let round = 1; Date.now() < end; round++) {
    process.env.EVENKEEL_SEED = String(Date.now() % 2 ** 31);
    console.log(`Round ${round}, EVENKEEL_SEED=${process.env.EVENKEEL_SEED}`);
    const one = runJest(['--selectProjects', 'stories', ...args]);
    for (const key of Object.keys(totals)) totals[key] += one[key];
    if (one.failed > 0) break;
  }
  return totals;
}

function takeValue(args, flag) {
  const at = args.indexOf(flag);
  return at < 0 ? undefined : args.splice(at, 2)[1];
}

const closingLine = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`;

process.env.EVENKEEL_PORTS ??= 'any'; // many stacks start at once, and must not find each other's servers
main(process.argv.slice(2));
