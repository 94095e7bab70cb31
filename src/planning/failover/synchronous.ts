/** What synchronous_commit is set to for some sessions alone, and for whose. */
export interface CommitSetting {
  value: string;
  whose: string;
}

/** However it is written, `off` and `local` acknowledge what no standby has. */
export const waitsForNobody = (synchronousCommit = ''): boolean => /^(off|local|false|no|0)$/i.test(synchronousCommit);

/** The settings by which some commits wait for no standby, whatever the server's own is. */
export const lowered = (settings: readonly CommitSetting[]): CommitSetting[] =>
  settings.filter(({ value }) => waitsForNobody(value));

/** Some commits of a server wait for no standby: by its own setting, or by that of a role or a database. */
export const someWaitForNobody = (synchronousCommit: string | undefined, settings: readonly CommitSetting[]): boolean =>
  waitsForNobody(synchronousCommit) || lowered(settings).length > 0;

/** Whom commits may wait for, as `synchronous_standby_names` says. */
export interface StandbyNames {
  /** So many of them must have a commit: which, may be others at any moment. */
  need: number;
  /** In lower case: PostgreSQL compares them so. */
  names: string[];
  /** `*`: whoever streams, by whatever name. */
  anyone: boolean;
}

/** Reads `ANY 2 (a, b)`, `FIRST 1 (a)`, `1 (a)`, a bare list, which is FIRST 1, and nothing. */
export function readStandbyNames(setting: string): StandbyNames {
  const [, count = 1, list = setting] = /^\s*(?:(?:any|first)\s+)?(\d+)\s*\((.*)\)\s*$/is.exec(setting) ?? [];
  const words = [...list.matchAll(/"((?:[^"]|"")+)"|([^\s,"]+)/g)].map(([, quoted, plain]) =>
    (quoted?.replaceAll('""', '"') ?? plain!).toLowerCase(),
  );
  const names = [...new Set(words)].filter((name) => name !== '*');
  return { need: words.length === 0 ? 0 : Number(count), names, anyone: words.includes('*') };
}
