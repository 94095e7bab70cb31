'use strict';
// Runs once before the other containers, as root: certificates and tokens, each into the volume of its owner alone.
const { randomBytes } = require('node:crypto');
const { chownSync, copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { createAuthority, issue } = require('../dist/agent/authority');
const { makeLaboratory } = require('../dist/fleet/example');
const { stackTokens, tokensFile } = require('../dist/stack/stackState');

const AUTHORITY = '/authority';
/** Where the volume of each container's /etc/evenkeel/identity is seen here. */
const IDENTITIES = '/identities';
const owner = { root: 0, evenkeel: 10_001, temporal: 1_000 };
const identities = [
  ...['old1', 'old2', 'new1', 'new2'].map((name) => ({ name, uid: owner.root })),
  { name: 'worker', uid: owner.evenkeel },
  { name: 'api', uid: owner.evenkeel },
];

async function main() {
  if (!existsSync(join(AUTHORITY, 'ca.crt'))) await createAuthority(AUTHORITY, 'compose');
  for (const { name, uid } of identities) await identify(name, uid);
  stackTokens(join(IDENTITIES, 'api'));
  give(tokensFile(join(IDENTITIES, 'api')), owner.evenkeel);
  give('/temporal', owner.temporal);
  // Mounted by the containers of the cluster profile alone, each of which runs as somebody else.
  const password = '/postgres-secret/postgres';
  if (!existsSync(password)) writeFileSync(password, randomBytes(24).toString('base64url'), { mode: 0o444 });
  if (['old1', 'old2'].every((host) => readdirSync(join('/srv', host)).length === 0)) makeLaboratory('/srv');
  for (const host of ['new1', 'new2']) mkdirSync(join('/srv', host, 'items'), { recursive: true });
}

async function identify(name, uid) {
  await issue(AUTHORITY, { name, role: 'agent', addresses: [name, 'localhost', '127.0.0.1'], renew: true });
  const folder = join(IDENTITIES, name);
  const files = { [`${name}.crt`]: 'own.crt', [`${name}.key`]: 'own.key', 'ca.crt': 'ca.crt' };
  for (const [from, to] of Object.entries(files)) {
    copyFileSync(join(AUTHORITY, from), join(folder, to));
    give(join(folder, to), uid);
  }
  give(folder, uid);
}

const give = (path, uid) => chownSync(path, uid, uid);

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
