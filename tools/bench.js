'use strict';
const { existsSync, readdirSync } = require('node:fs');
const { join } = require('node:path');
const { ready, root } = require('./ready');

/** `npm run bench -- <system> [--quick] [--json FILE]`: runs bench/<system>/main.ts, which exports `main(args)`. */
function main([system, ...args]) {
  const folder = join(root, 'bench');
  const systems = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'main.ts')));
  if (!systems.includes(system)) {
    console.error(`usage: npm run bench -- <${systems.join('|')}> [--quick] [--json FILE]`);
    process.exit(2);
  }
  ready();
  require('./typescript').readTypeScript();
  Promise.resolve(require(join(folder, system, 'main.ts')).main(args)).catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
}

main(process.argv.slice(2));
