/** Whoever types `npx evenkeel` is told commands that begin so: in a clone there is no plain `evenkeel` on the PATH. */
export const asTyped = (text: string, env: NodeJS.ProcessEnv = process.env): string =>
  env['npm_lifecycle_event'] === 'npx' ? text.replaceAll(/(^\s*|`)evenkeel (?=[a-z])/gm, '$1npx evenkeel ') : text;
