import {
  E,
  SystemError,
  cString,
  errno,
  fgetxattr,
  flistxattr,
  fremovexattr,
  fsetxattr,
  lgetxattr,
  llistxattr,
  lremovexattr,
  lsetxattr,
} from './sys';

/**
 * Extended attributes as one blob, sorted by name: [u16 name length with NUL][u32 value length][name NUL][value]…
 * POSIX ACLs are among them (system.posix_acl_*), and capabilities (security.capability).
 */
const list = Buffer.alloc(64 * 1024);
const value = Buffer.alloc(64 * 1024);
const NONE = Buffer.alloc(0);

/** What we carry. Other system.* attributes belong to one file system alone; SELinux labels to one host's policy. */
const carried = (name: string): boolean =>
  name.startsWith('user.') ||
  name.startsWith('trusted.') ||
  name.startsWith('system.posix_acl_') ||
  (name.startsWith('security.') && name !== 'security.selinux' && name !== 'security.ima' && name !== 'security.evm');

/** An open file, or a path (through /proc/self/fd) when it cannot be opened, as a symlink. */
export type Where = number | Uint8Array;

const isFd = (where: Where): where is number => typeof where === 'number';
const listOf = (where: Where) =>
  isFd(where) ? flistxattr(where, list, list.length) : llistxattr(where, list, list.length);
const get = (where: Where, name: Uint8Array) =>
  isFd(where) ? fgetxattr(where, name, value, value.length) : lgetxattr(where, name, value, value.length);
const remove = (where: Where, name: Uint8Array) =>
  isFd(where) ? fremovexattr(where, name) : lremovexattr(where, name);

function namesOf(where: Where): string[] {
  const got = listOf(where);
  if (got === 0) return [];
  if (got < 0) {
    const code = errno();
    if (code === E.ENOTSUP || code === E.EBADF || code === E.ENODATA) return [];
    throw new SystemError(code, 'listxattr');
  }
  return list
    .toString('latin1', 0, got - 1)
    .split('\0')
    .filter(carried)
    .toSorted();
}

export function readXattrs(where: Where): Buffer {
  const names = namesOf(where);
  if (names.length === 0) return NONE;
  const parts: Buffer[] = [];
  for (const name of names) {
    const bytes = cString(name);
    const got = get(where, bytes);
    if (got < 0) {
      const code = errno();
      if (code === E.ENODATA || code === E.ENOTSUP || code === E.EOPNOTSUPP) continue;
      throw new SystemError(code, `getxattr ${name}`);
    }
    const head = Buffer.alloc(6);
    head.writeUInt16LE(bytes.length, 0);
    head.writeUInt32LE(got, 2);
    parts.push(head, bytes, Buffer.from(value.subarray(0, got)));
  }
  return Buffer.concat(parts);
}

export function* eachXattr(blob: Buffer): Generator<{ name: Buffer; text: string; value: Buffer }> {
  for (let at = 0; at + 6 <= blob.length;) {
    const nameLength = blob.readUInt16LE(at);
    const valueLength = blob.readUInt32LE(at + 2);
    const name = blob.subarray(at + 6, at + 6 + nameLength);
    at += 6 + nameLength + valueLength;
    yield { name, text: name.toString('latin1', 0, nameLength - 1), value: blob.subarray(at - valueLength, at) };
  }
}

/** Makes the attributes exactly these. Answers with what could not be set, as text. `fresh`: the entry has none yet. */
export function writeXattrs(where: Where, blob: Buffer, fresh: boolean): string | undefined {
  let refused: string | undefined;
  const wanted = new Set<string>();
  for (const { name, text, value: data } of eachXattr(blob)) {
    wanted.add(text);
    const size = data.length;
    const done = isFd(where) ? fsetxattr(where, name, data, size, 0) : lsetxattr(where, name, data, size, 0);
    if (done < 0) refused ??= new SystemError(errno(), `setxattr ${text}`).message;
  }
  if (fresh) return refused;
  for (const name of namesOf(where)) {
    if (!wanted.has(name) && remove(where, cString(name)) < 0 && errno() !== E.ENODATA) {
      refused ??= new SystemError(errno(), `removexattr ${name}`).message;
    }
  }
  return refused;
}

const DEFAULT_ACL = cString('system.posix_acl_default');

/** New entries would inherit a default ACL; while we fill a directory it has none, and gets it back at its end. */
export function dropDefaultAcl(fd: number): void {
  if (fgetxattr(fd, DEFAULT_ACL, value, value.length) > 0) fremovexattr(fd, DEFAULT_ACL);
}
