import type { Wrote } from '../../services/watcher/protocol';

/** Whoever draws a failover asks soon afterwards, ms. */
const keptMs = 120_000;
const most = 5_000;

/** When the writes of this observer succeeded, by target and member: of the last two minutes. */
export class Track {
  private readonly targets = new Map<string, Map<string, number[]>>();

  keep(wrote: Record<string, Wrote>, nowMs: number): void {
    for (const [target, members] of Object.entries(wrote)) {
      const kept = this.targets.get(target) ?? new Map<string, number[]>();
      this.targets.set(target, kept);
      for (const [member, moments] of Object.entries(members))
        kept.set(member, [...(kept.get(member) ?? []).filter((atMs) => atMs > nowMs - keptMs), ...moments]);
    }
  }

  /** The last ones where they are very many. */
  between(target: string, fromMs: number, toMs: number): Wrote {
    const members = [...(this.targets.get(target) ?? [])].map(([member, moments]) => {
      const within = moments.filter((atMs) => atMs >= fromMs && atMs <= toMs);
      return [member, within.slice(-most)] as const;
    });
    return Object.fromEntries(members.filter(([, moments]) => moments.length > 0));
  }
}
