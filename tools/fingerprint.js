'use strict';
const { createHash } = require('node:crypto');
const { readdirSync, statSync } = require('node:fs');
const { join, relative } = require('node:path');

/** One word for the names, sizes and times of everything under some files and folders: about 20 µs a file, nothing is read. */
function fingerprint(root, paths) {
  const hash = createHash('sha1');
  const walk = (path) => {
    const facts = statSync(path, { throwIfNoEntry: false });
    if (!facts) return;
    if (facts.isDirectory()) {
      for (const name of readdirSync(path).sort()) walk(join(path, name));
    } else hash.update(`${relative(root, path)}\0${facts.size}\0${facts.mtimeMs}\n`);
  };
  for (const path of paths) walk(join(root, path));
  return hash.digest('hex');
}

module.exports = { fingerprint };
