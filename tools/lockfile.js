'use strict';
const { readFileSync, writeFileSync } = require('node:fs');
const { join, resolve } = require('node:path');

/**
 * Puts into package-lock.json the optional packages of other platforms that a registry did not have when the lock was
 * written. npm leaves them out silently, and `npm ci` then refuses the lock everywhere. Run after each change of packages.
 */
function complete(lock) {
  const { packages } = lock;
  const added = [];
  for (const [owner, { optionalDependencies = {} }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (found(packages, owner, name)) continue;
      const path = `node_modules/${name}`;
      packages[path] = { version, ...platform(name), ...(packages[owner].dev && { dev: true }), optional: true };
      added.push(`${name}@${version}`);
    }
  }
  lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  return added;
}

/** Looks where Node would: beside the owner, then further up. */
function found(packages, owner, name) {
  for (let at = owner; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (packages[`${at ? `${at}/` : ''}node_modules/${name}`]) return true;
    if (!at) return false;
  }
}

/** `…-linux-arm64-musl` says it all: these packages are named after where they run. */
function platform(name) {
  const word = (words) => words.find((each) => new RegExp(`[-/]${each}(-|$)`).test(name));
  const os = word([
    'darwin',
    'linux',
    'win32',
    'android',
    'freebsd',
    'openharmony',
    'openbsd',
    'netbsd',
    'sunos',
    'aix',
  ]);
  const cpu = word(['arm64', 'x64', 'ia32', 'arm', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el', 'wasm32']);
  if (!os && cpu !== 'wasm32') throw new Error(`cannot tell where ${name} runs`);
  const libc = os === 'linux' && (name.includes('musl') ? 'musl' : /-gnu/.test(name) && 'glibc');
  return { ...(os && { os: [os] }), ...(cpu && { cpu: [cpu] }), ...(libc && { libc: [libc] }) };
}

const file = join(resolve(__dirname, '..'), 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));
const added = complete(lock);
if (added.length === 0) console.log('complete');
else if (process.argv.includes('--check')) {
  console.error(`run \`node tools/lockfile.js\`: package-lock.json lacks ${added.join(', ')}`);
  process.exitCode = 1;
} else {
  writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`);
  console.log(`added ${added.length} packages of other platforms`);
}
