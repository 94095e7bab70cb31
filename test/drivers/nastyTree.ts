import { execFileSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const run = (file: string, ...args: (string | Buffer)[]): void =>
  void execFileSync(file, args as string[], { stdio: ['ignore', 'ignore', 'inherit'] });

const isRoot = process.getuid?.() === 0;
const noise = (bytes: number, seed: number): Buffer => {
  const out = Buffer.alloc(bytes);
  for (let i = 0, x = seed * 2654435761 + 1; i < bytes; i++)
    out[i] = (x = (Math.imul(x, 1103515245) + 12345) >>> 0) >>> 24;
  return out;
};

/** A tree with one of everything that copies get wrong. */
export function makeNastyTree(root: string): void {
  mkdirSync(join(root, 'docs/deep/er'), { recursive: true });
  mkdirSync(join(root, 'docs/empty'));
  for (let i = 0; i < 30; i++) writeFileSync(join(root, `docs/file-${i}`), noise(i * 700, i));
  writeFileSync(join(root, 'docs/nothing'), '');
  makeNames(root);
  makeLinks(root);
  makeSparse(root);
  makeModes(root);
  makeAttributes(root);
  if (isRoot) makeSpecial(root);
  makeTimes(root);
}

function makeNames(root: string): void {
  const odd = [
    'new\nline',
    'back\\slash',
    ' space ',
    '*?[x]',
    '-rf',
    'ünïcode',
    '\u0001\u007f',
    '\\x41',
    'quote\'"',
    '~',
  ];
  mkdirSync(join(root, 'odd'));
  for (const name of odd) writeFileSync(join(root, 'odd', name), name);
  const bytes = Buffer.concat([Buffer.from(join(root, 'odd/')), Buffer.from([0xff, 0xfe, 0x80, 0x41])]);
  writeFileSync(bytes, 'not UTF-8');
  mkdirSync(Buffer.concat([Buffer.from(join(root, 'odd/')), Buffer.from([0xc3, 0x28])]));
  writeFileSync(join(root, 'odd', 'n'.repeat(255)), 'long');
}

function makeLinks(root: string): void {
  mkdirSync(join(root, 'links/sub'), { recursive: true });
  writeFileSync(join(root, 'links/z-first'), noise(5000, 1));
  linkSync(join(root, 'links/z-first'), join(root, 'links/a-second'));
  linkSync(join(root, 'links/z-first'), join(root, 'links/sub/third'));
  linkSync(join(root, 'links/z-first'), join(root, 'docs/deep/er/fourth'));
  symlinkSync('z-first', join(root, 'links/to-file'));
  symlinkSync('../nowhere/at/all', join(root, 'links/dangling'));
  symlinkSync('/etc', join(root, 'links/absolute'));
  symlinkSync(`${'x'.repeat(200)}/${'y'.repeat(200)}`, join(root, 'links/long'));
}

function makeSparse(root: string): void {
  const holes = openSync(join(root, 'holes'), 'w');
  ftruncateSync(holes, 40 * 1024 * 1024 + 17);
  writeSync(holes, noise(10_000, 3), 0, 10_000, 9 * 1024 * 1024 + 5);
  closeSync(holes);
  const small = openSync(join(root, 'small-hole'), 'w');
  writeSync(small, noise(100, 4), 0, 100, 300_000);
  ftruncateSync(small, 700_000);
  closeSync(small);
  writeFileSync(join(root, 'large'), noise(3 * 1024 * 1024 + 11, 5));
  writeFileSync(join(root, 'one-piece'), noise(1024 * 1024, 6));
}

function makeModes(root: string): void {
  mkdirSync(join(root, 'modes'));
  for (const mode of [0o000, 0o400, 0o644, 0o777, 0o4755, 0o2755, 0o1777]) {
    writeFileSync(join(root, `modes/file-${mode.toString(8)}`), `${mode}`);
    run('chmod', mode.toString(8), join(root, `modes/file-${mode.toString(8)}`));
  }
  for (const mode of [0o500, 0o2775, 0o1777, 0o700]) {
    mkdirSync(join(root, `modes/folder-${mode.toString(8)}`));
    writeFileSync(join(root, `modes/folder-${mode.toString(8)}/in`), 'in');
    run('chmod', mode.toString(8), join(root, `modes/folder-${mode.toString(8)}`));
  }
  if (!isRoot) return;
  run('chown', '1234:4321', join(root, 'modes/file-644'));
  run('chown', '1234:4321', join(root, 'modes/file-4755'));
  run('chmod', '4755', join(root, 'modes/file-4755'));
  run('chown', '-h', '77:88', join(root, 'links/to-file'));
  run('chown', '55:66', join(root, 'modes/folder-2775'));
  run('chmod', '2775', join(root, 'modes/folder-2775'));
}

function makeAttributes(root: string): void {
  mkdirSync(join(root, 'attributes/inner'), { recursive: true });
  writeFileSync(join(root, 'attributes/file'), 'with attributes');
  run('setfattr', '-n', 'user.evenkeel', '-v', 'a value', join(root, 'attributes/file'));
  run('setfattr', '-n', 'user.empty', join(root, 'attributes/file'));
  run('setfattr', '-n', 'user.folder', '-v', 'x', join(root, 'attributes'));
  run('setfacl', '-m', 'u:1234:rwx,g:4321:r', join(root, 'attributes/file'));
  run('setfacl', '-d', '-m', 'u:1234:rwx', join(root, 'attributes'));
  run('setfacl', '-m', 'u:99:x', join(root, 'attributes'));
  writeFileSync(join(root, 'attributes/inherits'), 'from the default ACL');
  if (!isRoot) return;
  run('setfattr', '-n', 'trusted.evenkeel', '-v', 't', join(root, 'attributes/file'));
  run('setfattr', '-h', '-n', 'trusted.link', '-v', 't', join(root, 'links/to-file'));
  writeFileSync(join(root, 'attributes/capable'), 'x');
  run('setcap', 'cap_net_raw+ep', join(root, 'attributes/capable'));
}

function makeSpecial(root: string): void {
  mkdirSync(join(root, 'special'));
  run('mkfifo', join(root, 'special/fifo'));
  run('mknod', join(root, 'special/null'), 'c', '1', '3');
  run('mknod', join(root, 'special/block'), 'b', '259', '70000');
}

/** A socket lives as long as its process listens; the name stays. */
export async function makeSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  server.unref();
}

function makeTimes(root: string): void {
  run('touch', '-d', '2001-02-03T04:05:06.123456789Z', join(root, 'docs/file-3'));
  run('touch', '-d', '1960-01-01T00:00:00.000000001Z', join(root, 'docs/file-4'));
  run('touch', '-h', '-d', '2010-10-10T10:10:10.987654321Z', join(root, 'links/dangling'));
  run('touch', '-d', '2038-01-19T03:14:08.5Z', join(root, 'large'));
  run('touch', '-d', '1999-12-31T23:59:59.999999999Z', join(root, 'docs/deep'));
  run('touch', '-d', '1999-12-31T23:59:59.111111111Z', join(root, 'links'));
  run('touch', '-d', '1998-12-31T23:59:59.000000007Z', root);
}

/** What rsync would still have to do; nothing when the copy is faithful. */
export function rsyncDiffers(from: string, to: string): string {
  const options = [
    '-aHAXn',
    '--no-D',
    '--modify-window=-1',
    '--delete',
    '--checksum',
    '--itemize-changes',
    '--info=nonreg0',
  ];
  return execFileSync('rsync', [...options, `${from}/`, `${to}/`]).toString();
}
