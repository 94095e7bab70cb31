import { grouped } from '../grouped';
import { compareText, weightOf } from './placement';

/** Items that go together from one FSVM to another, as one job. */
export interface Shipment {
  id: string;
  from: string;
  to: string;
  items: string[];
  bytes: number;
  files: number;
  /** Parallel connections: a giant item alone takes as many as its FSVMs have tokens. */
  lanes: number;
}
export interface Cargo {
  item: string;
  from: string;
  to: string;
  bytes: number;
  files: number;
}

/** A job above this is started alone and may be paused and resumed inside; below it items share a job. */
const jobWeight = 4 * 1024 ** 3;
const jobItems = 200;
/** Enough jobs per pair that both tokens stay busy until near the end. */
const jobsPerPair = 4;
/** An item is a giant when it alone would keep its pair busy for this share of the pair's whole time. */
const giantShare = 0.5;

/**
 * Groups items into jobs, pair by pair: small ones share a job, so that ten thousand home directories do not cost ten
 * thousand activities; a giant one gets all lanes. Heaviest jobs first, so that no giant is left for the end.
 */
export function packShipments(cargo: readonly Cargo[], tokens: number): Shipment[] {
  const pairs = grouped(cargo, ({ from, to }) => `${from}\n${to}`);
  return [...pairs.values()]
    .flatMap((pair) => packPair(pair, tokens))
    .toSorted((a, b) => weightOf(b) - weightOf(a) || compareText(a.id, b.id));
}

function packPair(pair: readonly Cargo[], tokens: number): Shipment[] {
  const { from, to } = pair[0]!;
  const whole = pair.reduce((sum, item) => sum + weightOf(item), 0);
  const limit = Math.min(jobWeight, whole / jobsPerPair);
  const jobs: Shipment[] = [];
  let open: Shipment | undefined;
  for (const item of pair.toSorted((a, b) => weightOf(b) - weightOf(a) || compareText(a.item, b.item))) {
    const full = open && (weightOf(open) + weightOf(item) > limit || open.items.length >= jobItems);
    if (!open || full) {
      open = { id: `${from}/${to}/${jobs.length + 1}`, from, to, items: [], bytes: 0, files: 0, lanes: 1 };
      jobs.push(open);
    }
    open.items.push(item.item);
    open.bytes += item.bytes;
    open.files += item.files;
    if (weightOf(item) > giantShare * whole) open.lanes = tokens;
  }
  return jobs;
}

/**
 * Which jobs may start now: each FSVM has `tokens`, for what it sends and for what it takes; a job holds as many as it
 * has lanes. FSVM pairs therefore run in parallel and none is a bottleneck. `most` bounds the whole fleet.
 */
export function mayStart(
  waiting: readonly Shipment[],
  running: readonly Shipment[],
  tokens: number,
  most: number,
): Shipment[] {
  const used = new Map<string, number>();
  const take = ({ from, to, lanes }: Shipment) => {
    for (const fsvm of [`send ${from}`, `take ${to}`]) used.set(fsvm, (used.get(fsvm) ?? 0) + lanes);
  };
  const free = ({ from, to, lanes }: Shipment) =>
    [`send ${from}`, `take ${to}`].every((fsvm) => (used.get(fsvm) ?? 0) + Math.min(lanes, tokens) <= tokens);
  running.forEach(take);
  const starting: Shipment[] = [];
  for (const shipment of waiting) {
    if (running.length + starting.length >= most) break;
    if (!free(shipment)) continue;
    take(shipment);
    starting.push(shipment);
  }
  return starting;
}
