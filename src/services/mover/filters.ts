/** Which paths inside an item are left out, by gitignore's rules: the last pattern that matches wins, and nothing inside a directory that is left out is taken. */
interface Rule {
  matches: RegExp;
  /** Takes what an earlier pattern left out. */
  takes: boolean;
  foldersOnly: boolean;
}

export class Filter {
  private constructor(
    private readonly rules: Rule[],
    private readonly strip: number,
  ) {}

  /** Undefined when nothing is filtered. `item`: the bytes of its name, with which each path begins. */
  static of(filters: { include: string[]; exclude: string[] }, item: Uint8Array): Filter | undefined {
    const rules = [
      ...filters.exclude.map((text) => rule(text, false)),
      ...filters.include.map((text) => rule(text, true)),
    ];
    const real = rules.filter((one) => one !== undefined);
    return real.length === 0 ? undefined : new Filter(real, item.length + 1);
  }
  /** `path` from the store's root. The item itself is never left out. */
  excludes(path: Buffer, isFolder: boolean): boolean {
    if (path.length < this.strip) return false;
    const text = path.toString('latin1', this.strip);
    let left = false;
    for (const one of this.rules)
      if (left === one.takes && (isFolder || !one.foldersOnly) && one.matches.test(text)) left = !one.takes;
    return left;
  }
}

function rule(text: string, takes: boolean): Rule | undefined {
  let pattern = Buffer.from(text.replace(/(?<!\\)[ \t]+$/, '')).toString('latin1');
  if (pattern === '' || pattern.startsWith('#')) return undefined;
  if (pattern.startsWith('!')) {
    takes = !takes;
    pattern = pattern.slice(1);
  }
  const foldersOnly = pattern.endsWith('/');
  if (foldersOnly) pattern = pattern.slice(0, -1);
  const anchored = pattern.includes('/');
  if (pattern.startsWith('/')) pattern = pattern.slice(1);
  return { matches: new RegExp(`^${anchored ? '' : '(?:.*/)?'}${translate(pattern)}$`, 's'), takes, foldersOnly };
}

function translate(pattern: string): string {
  let out = '';
  for (let i = 0; i < pattern.length;) {
    const rest = pattern.slice(i);
    const token = /^(?:\*\*\/|\/\*\*\/|\/\*\*$|\*+|\?|\\.|\[(?:\\.|[!^]?\]?[^\]])*\]|.)/s.exec(rest)?.[0] ?? rest;
    out += translated(token, i === 0);
    i += token.length;
  }
  return out;
}

function translated(token: string, first: boolean): string {
  if (token === '**/') return first ? '(?:.*/)?' : '[^/]*/';
  if (token === '/**/') return '/(?:.*/)?';
  if (token === '/**') return '/.+';
  if (/^\*+$/.test(token)) return '[^/]*';
  if (token === '?') return '[^/]';
  if (token.startsWith('\\') && token.length === 2) return literal(token.slice(1));
  if (token.startsWith('[') && token.length > 2)
    return `(?!/)[${token
      .slice(1, -1)
      .replace(/^!/, '^')
      .replace(/^(\^?)\]/, '$1\\]')}]`;
  return literal(token);
}
const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
