import type { EndpointView, PairView } from '../api/endpointView';
import { formatBytes } from '../contract/amounts';
import type { Fleet } from '../contract/fleet';
import { table, type Paint } from './print';

/** What agents tell of all that is guarded. */
export interface GuardedNow {
  endpoints: Omit<EndpointView, 'guard' | 'last'>[];
  pairs: Omit<PairView, 'guard' | 'last'>[];
}

/** Endpoints and pairs as the fleet file says them, and as they are where somebody asked. */
export function guardedLines({ endpoints, proxies }: Fleet, now: GuardedNow | undefined, paint: Paint): string[] {
  const named = Object.entries(endpoints).map(
    ([endpoint, { name, port, members, forwarders, observers, autonomy }]) => [
      ...[endpoint, `${name}:${port}`, namesOf(members), namesOf(forwarders), observers.join(' '), autonomy],
    ],
  );
  const paired = Object.entries(proxies).map(([pair, { nodes, by, autonomy }]) => [pair, namesOf(nodes), by, autonomy]);
  const heads = {
    endpoints: ['ENDPOINT', 'NAME', 'MEMBERS', 'FORWARDERS', 'OBSERVERS', 'AUTONOMY'],
    pairs: ['PROXIES', 'NODES', 'BY', 'AUTONOMY'],
  };
  return [
    ...(named.length > 0 ? ['', table(heads.endpoints, named, paint)] : []),
    ...(now?.endpoints ?? []).flatMap((each) => ['', ...endpointLines(each, paint)]),
    ...(paired.length > 0 ? ['', table(heads.pairs, paired, paint)] : []),
    ...(now?.pairs ?? []).flatMap((each) => ['', ...pairLines(each, paint)]),
  ];
}

const namesOf = (of: Record<string, unknown>): string => Object.keys(of).join(' ');

function endpointLines(view: GuardedNow['endpoints'][number], paint: Paint): string[] {
  const { endpoint, primary, members, forwarders, observers, cautions, maintenance, says, verdict } = view;
  const mark = (well: boolean) => (well ? paint.green('✔') : paint.red('✘'));
  return [
    `${paint.bold(endpoint)} now: ${verdict === 'healthy' ? `${primary} is the primary, and well` : (says ?? 'nobody tells which is the primary')}`,
    ...members.map(({ member, state, sync, lagBytes, silent }) => {
      const behind = sync === undefined ? '' : `, ${sync}${lagBytes ? `, ${formatBytes(lagBytes)} behind` : ''}`;
      return `  ${mark(state === 'primary' || (state === 'standby' && sync !== undefined))} member ${member}: ${state ?? silent ?? 'nothing is known of it'}${behind}`;
    }),
    ...forwarders.map(({ forwarder, state, to, epoch, silent }) => {
      const route = state === 'absent' ? 'forwards nothing yet' : `${state}${to ? ` to ${to}` : ''}, epoch ${epoch}`;
      return `  ${mark(state === 'open' && to === primary)} forwarder ${forwarder}: ${state ? route : (silent ?? 'nothing is known of it')}`;
    }),
    ...observers.map(({ observer, vote, saw }) => `  ${mark(vote === 'up')} observer ${observer}: ${vote}, ${saw}`),
    ...(maintenance === undefined ? [] : [paint.yellow(`  in maintenance: ${maintenance}`)]),
    ...cautions.map((caution) => paint.yellow(`  caution: ${caution}`)),
  ];
}

function pairLines({ pair, nodes, maintenance }: GuardedNow['pairs'][number], paint: Paint): string[] {
  return [
    `${paint.bold(pair)} now:`,
    ...nodes.map(({ node, well, servedBy, address, silent }) => {
      const mark = well && servedBy.includes(node) ? paint.green('✔') : paint.red('✘');
      const proxy = silent ?? (well ? 'its proxy is well' : 'its proxy is not well');
      return `  ${mark} node ${node}: ${proxy}, ${address} is at ${servedBy.join(' and ') || 'nobody'}`;
    }),
    ...(maintenance === undefined ? [] : [paint.yellow(`  in maintenance: ${maintenance}`)]),
  ];
}
