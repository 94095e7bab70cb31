import { split, terminated } from './names';
import type { Pass } from './pass';
import { Stat } from './stat';

const MAX_KNOWN = 50_000; // directories whose mode is remembered
const stat = new Stat();

/**
 * Without root at the target, a directory that its mode closes is opened up there to reach what is in it.
 * Whoever sends something into `folder` says so here, and those on the way to it get their mode back at the end.
 */
export function noteClosed(pass: Pass, folder: Buffer): void {
  if (pass.privileged) return;
  let needed = 0o700; // to fill it; to pass through, one must only be able to enter
  for (let path = folder; path.length > 0; [path] = split(path), needed = 0o100) {
    const key = path.toString('latin1');
    if (needed === 0o100 && pass.passed.has(key)) return;
    if (pass.passed.size > MAX_KNOWN) pass.passed.clear();
    pass.passed.add(key);
    if (stat.at(pass.root, terminated(path)) === 0 && (stat.mode & needed) !== needed) pass.late.add(key);
  }
}
