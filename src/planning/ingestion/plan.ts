import { Refusal } from '../../contract/errors';
import { counted, formatBytes } from '../../contract/amounts';
import { grouped } from '../grouped';
import { mayAct, type HostFacts, type Rails } from '../rails';
import { compareText, placeItems } from './placement';
import { packShipments, type Shipment } from './shipments';

/** The directory of one FSVM. */
export interface StoreFacts {
  fsvm: string;
  host: string;
  root: string;
}
export interface SourceFacts {
  store: StoreFacts;
  items: { item: string; bytes: number; files: number; special: number; foreignOwners: number }[];
  unreadable: { path: string; why: string }[];
  cannotKeep: { path: string; why: string }[];
  /** A journal of changes is kept: deltas cost what changed. */
  journal: boolean;
}
export interface TargetFacts {
  store: StoreFacts;
  freeBytes: number;
  /** May set owners and make devices. */
  privileged: boolean;
  /** Items that are there already. */
  items: string[];
}

export interface IngestionFacts {
  from: string;
  to: string;
  sources: SourceFacts[];
  targets: TargetFacts[];
  /** Items that the new file server serves already, by its lookup table. */
  served: string[];
  /** Items on the targets that an unfinished ingestion of the same source left there. */
  begun: string[];
  hosts: HostFacts[];
  rails: Rails;
}
export interface IngestionChoice {
  balance: boolean;
  tokens: number;
  /** Asked for by name; all when empty. */
  items?: readonly string[];
}

export interface IngestionPlan {
  from: string;
  to: string;
  /** Item, existing FSVM, new FSVM. */
  placement: { item: string; from: string; to: string; bytes: number; files: number; home: boolean }[];
  stores: Record<string, StoreFacts>;
  shipments: Shipment[];
  bytes: number;
  files: number;
  special: number;
  /** Entries whose owner cannot be kept, since their new FSVM does not run as root. */
  ownersNotKept: number;
  /** New FSVMs that do not run as root: owners are neither kept nor compared there. */
  unprivileged: string[];
  unreadable: { path: string; why: string }[];
  cannotKeep: { path: string; why: string }[];
  journals: number;
}

/** Space that stays free on a target: metadata, and what the source grows meanwhile. */
const headroom = 1.02;
/** Their names travel in inputs and results of at most 2 MiB. */
const mostItems = 5_000;

/** Which item goes to which new FSVM, grouped into jobs; refuses what cannot end well. */
export function planIngestion(facts: IngestionFacts, choice: IngestionChoice): IngestionPlan {
  const { from, to, sources, targets } = facts;
  mayAct(
    facts.rails,
    facts.hosts,
    [...sources, ...targets].map(({ store }) => store.host),
  );
  if (from === to) throw new Refusal('SameFileServer', { from, to, why: 'they are one' });
  if (targets.length === 0) throw new Refusal('NoTarget', { name: to });
  refuseOverlap(facts);
  const items = sources.flatMap(({ store, items: held }, ordinal) =>
    held.map((item) => ({ ...item, ordinal, fsvm: store.fsvm })),
  );
  const missing = choice.items?.find((name) => !items.some(({ item }) => item === name));
  if (missing !== undefined) throw new Refusal('BadInput', { what: `${from} has no storage item "${missing}"` });
  if (items.length === 0) throw new Refusal('NothingToDo', { what: from });
  if (items.length > mostItems)
    throw new Refusal('TooMany', {
      what: `storage items of ${from}`,
      count: items.length,
      limit: mostItems,
      advice: 'ingest them in parts, with --items',
    });
  refuseTwice(items, from);
  refuseTaken(facts, items);
  const placement = placeItems(items, targets.length, choice)
    .map(({ item, target, home }) => ({
      item: item.item,
      from: item.fsvm,
      to: targets[target]!.store.fsvm,
      bytes: item.bytes,
      files: item.files,
      home,
      foreignOwners: targets[target]!.privileged ? 0 : item.foreignOwners,
    }))
    .toSorted((a, b) => compareText(a.item, b.item));
  refuseFull(facts, placement);
  return {
    from,
    to,
    placement: placement.map(({ foreignOwners: _, ...kept }) => kept),
    stores: Object.fromEntries([...sources, ...targets].map(({ store }) => [store.fsvm, store])),
    shipments: packShipments(placement, choice.tokens),
    bytes: sum(placement, (p) => p.bytes),
    files: sum(placement, (p) => p.files),
    special: sum(items, (item) => item.special),
    unprivileged: targets.filter(({ privileged }) => !privileged).map(({ store }) => store.fsvm),
    ownersNotKept: sum(placement, (p) => p.foreignOwners),
    unreadable: sources.flatMap((source) => source.unreadable).slice(0, 100),
    cannotKeep: sources.flatMap((source) => source.cannotKeep).slice(0, 100),
    journals: sources.filter((source) => source.journal).length,
  };
}

const sum = <T>(list: readonly T[], of: (one: T) => number): number => list.reduce((total, one) => total + of(one), 0);

function refuseOverlap({ from, to, sources, targets }: IngestionFacts): void {
  const twice = sources.find((source) => targets.some((target) => target.store.fsvm === source.store.fsvm));
  if (twice) throw new Refusal('SameFileServer', { from, to, why: `both have an FSVM named ${twice.store.fsvm}` });
  const inside = (a: string, b: string) => a === b || a.startsWith(b.endsWith('/') ? b : `${b}/`);
  for (const source of sources)
    for (const target of targets) {
      const { host, root } = source.store;
      if (host === target.store.host && (inside(target.store.root, root) || inside(root, target.store.root)))
        throw new Refusal('SameFileServer', {
          from,
          to,
          why: `${target.store.root} and ${root} on ${host} lie in each other`,
        });
    }
}

function refuseTwice(items: readonly { item: string; fsvm: string }[], from: string): void {
  const first = new Map<string, string>();
  for (const { item, fsvm } of items) {
    const other = first.get(item);
    if (other !== undefined)
      throw new Refusal('BadInput', {
        what: `storage item "${item}" is on both ${other} and ${fsvm} of ${from}; one name, one item`,
      });
    first.set(item, fsvm);
  }
}

function refuseTaken({ to, targets, served, begun }: IngestionFacts, items: readonly { item: string }[]): void {
  const inService = items.filter(({ item }) => served.includes(item)).map(({ item }) => item);
  if (inService.length > 0)
    throw new Refusal('ItemsServed', { to, count: inService.length, first: inService.slice(0, 5).join(', ') });
  const there = new Set(targets.flatMap((target) => target.items));
  const ours = new Set(begun);
  const taken = items.filter(({ item }) => there.has(item) && !ours.has(item)).map(({ item }) => item);
  if (taken.length > 0)
    throw new Refusal('ItemsThere', { to, count: taken.length, first: taken.slice(0, 5).join(', ') });
}

function refuseFull(
  { targets, begun }: IngestionFacts,
  placement: readonly { item: string; to: string; bytes: number }[],
): void {
  const ours = new Set(begun);
  for (const { store, freeBytes } of targets) {
    const needed = sum(placement, (p) => (p.to === store.fsvm && !ours.has(p.item) ? p.bytes : 0)) * headroom;
    if (needed > freeBytes)
      throw new Refusal('NotEnoughSpace', {
        host: store.fsvm,
        free: formatBytes(freeBytes),
        needed: formatBytes(needed),
      });
  }
}

/** The plan as an operator reads it before saying yes. */
export function ingestionSentences(plan: IngestionPlan): string[] {
  const pairs = grouped(plan.placement, ({ from, to }) => `${from} → ${to}`);
  const widest = Math.max(...[...pairs.keys()].map((pair) => pair.length));
  const stays = plan.placement.filter((p) => p.home).length;
  return [
    `${counted(plan.placement.length, 'storage item')}, ${counted(plan.files, 'file')}, ${formatBytes(plan.bytes)} from ${plan.from} to ${plan.to}; ${stays} keep their ordinal`,
    ...[...pairs].map(([pair, items]) => `  ${pair.padEnd(widest)}  ${amountOf(items)}: ${names(items)}`),
    ...(plan.ownersNotKept > 0
      ? [
          `  owners of ${counted(plan.ownersNotKept, 'entry', 'entries')} cannot be kept: the agents there do not run as root`,
        ]
      : []),
    ...(plan.special > 0 ? [`  ${counted(plan.special, 'special file')} (sockets, FIFOs, devices) in the source`] : []),
    ...(plan.unreadable.length > 0
      ? [
          `  ${counted(plan.unreadable.length, 'path')} cannot be read, first ${plan.unreadable[0]!.path}: ${plan.unreadable[0]!.why}`,
        ]
      : []),
  ];
}

const amountOf = (items: IngestionPlan['placement']): string =>
  [
    counted(items.length, 'item'),
    counted(
      sum(items, (i) => i.files),
      'file',
    ),
    formatBytes(sum(items, (i) => i.bytes)),
  ].join(', ');

const names = (items: readonly { item: string }[]): string =>
  items
    .slice(0, 6)
    .map((i) => i.item)
    .join(', ') + (items.length > 6 ? ` and ${items.length - 6} more` : '');

/** What an approval is bound to: who goes where. Sizes of a living source drift from minute to minute. */
export const ingestionEssence = ({ from, to, placement, stores }: IngestionPlan): unknown => ({
  from,
  to,
  stores,
  placement: placement.map((p) => [p.item, p.from, p.to]),
});
