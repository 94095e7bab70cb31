'use strict';
const { readFileSync } = require('node:fs');

/** From here on `require` reads TypeScript: benches are scripts of this tree and are not compiled into dist. */
function readTypeScript() {
  const { transformSync } = require('@swc/core');
  require.extensions['.ts'] = (module, filename) => {
    const { code } = transformSync(readFileSync(filename, 'utf8'), {
      filename,
      module: { type: 'commonjs' },
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      sourceMaps: 'inline',
    });
    // oxlint-disable-next-line no-underscore-dangle -- Node's own name
    module._compile(code, filename);
  };
}

module.exports = { readTypeScript };
