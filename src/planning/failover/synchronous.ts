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
