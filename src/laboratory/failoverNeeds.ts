import { Refusal } from '../contract/errors';
import { abilities, type Ability, type AbilityName } from '../stack/machine';
import { lacking } from '../stack/packages';

const needed: readonly AbilityName[] = [
  ...(['root', 'ip', 'netns', 'macvlan', 'nft', 'conntrack'] as const),
  ...(['postgres', 'pgbouncer', 'knotd'] as const),
];

/** Installs what the laboratory needs and this machine lacks, and says so; refuses where it may not, or cannot. */
export function readyForFailover(say: (line: string) => void): void {
  for (const name of needed) {
    const why = lacking(name, say);
    const { title, get }: Ability = abilities[name];
    if (why !== undefined) throw new Refusal('LaboratoryLacks', { title, why, get });
  }
}
