import { mark, type Route, type Target } from './routeTable';

/** Our table; nothing else is touched. */
export const table = 'ip evenkeel';

const ours = 'fib daddr type local ip daddr != 127.0.0.0/8';
const ofFlow = 'meta l4proto tcp ct original proto-dst';

/** Clients of a rejected address get a reset for whatever they send. */
const rejected = `${ofFlow} . ip daddr @rejected ct mark set ${mark} reject with tcp reset`;
/** What such an address still says is not passed on, but for resets: its own, and ours, which bear its name. */
const silenced = `${ofFlow} . ip saddr @rejected tcp flags & rst == 0 drop`;

/** Hooks and what they do. Ours come just before those of the same kind: the first that translates an address has its way. */
const chains: [name: string, hook: string, ...rules: string[]][] = [
  ['unseen', 'type filter hook output priority -300', `meta mark ${mark} notrack`],
  ['arriving', 'type nat hook prerouting priority -101', `${ours} dnat ip to tcp dport map @route`],
  // A pooler of this host that has the endpoint as its server.
  ['own', 'type nat hook output priority -101', `${ours} dnat ip to tcp dport map @route`],
  ['leaving', 'type nat hook postrouting priority 99', `ct status dnat ${ofFlow} @served masquerade`],
  ['passing', 'type filter hook forward priority -1', rejected, silenced],
  ['sending', 'type filter hook output priority -1', rejected],
  [
    'receiving',
    'type filter hook input priority -1',
    silenced,
    // What is open was sent elsewhere before. A reset at once: to silence, a client would ask again only after a second.
    `ct direction original ip daddr != 127.0.0.0/8 tcp dport @served reject with tcp reset`,
  ],
];

/**
 * Brings the table up to date in one transaction; asked again it changes nothing. Routes are kept: what is in the sets stays.
 * `state` is what is compared and swapped: port, epoch and target in one element, 0.0.0.0 and 0 when it is closed.
 */
export const prepared: string = [
  `add table ${table}`,
  `add set ${table} state { type inet_service . mark . ipv4_addr . inet_service; }`,
  `add set ${table} served { type inet_service; }`,
  `add map ${table} route { type inet_service : ipv4_addr . inet_service; }`,
  `add set ${table} rejected { type inet_service . ipv4_addr; }`,
  ...chains.flatMap(([name, hook, ...rules]) => [
    `add chain ${table} ${name} { ${hook}; }`,
    `flush chain ${table} ${name}`,
    ...rules.map((rule) => `add rule ${table} ${name} ${rule}`),
  ]),
].join('; ');

const closed: Target = { address: '0.0.0.0', port: 0 };

const stateOf = (port: number, { epoch, to = closed }: Route): string =>
  `state { ${port} . ${epoch} . ${to.address} . ${to.port} }`;

/**
 * One transaction, or nothing of it: to delete what is not there, or to create what is, aborts it as a whole. So of many
 * that saw the same route one changes it.
 */
export function swapping(port: number, was: Route, next: Route): string {
  const gone = was.rejected.filter((address) => !next.rejected.includes(address));
  const come = next.rejected.filter((address) => !was.rejected.includes(address));
  return [
    ...(was.epoch === 0
      ? [`create element ${table} ${stateOf(port, next)}`]
      : [`delete element ${table} ${stateOf(port, was)}`, `add element ${table} ${stateOf(port, next)}`]),
    `add element ${table} served { ${port} }`,
    ...(was.to ? [`delete element ${table} route { ${port} }`] : []),
    ...(next.to ? [`add element ${table} route { ${port} : ${next.to.address} . ${next.to.port} }`] : []),
    ...come.map((address) => `add element ${table} rejected { ${port} . ${address} }`),
    ...gone.map((address) => `delete element ${table} rejected { ${port} . ${address} }`),
  ].join('; ');
}

interface Listed {
  nftables: { set?: { name: string; elem?: { concat: (string | number)[] }[] } }[];
}

/** The route of a port, from the table as `nft -j list table` tells it. */
export function routeIn(json: string, port: number): Route {
  const { nftables } = JSON.parse(json) as Listed;
  const elements = (name: string) =>
    (nftables.find(({ set }) => set?.name === name)?.set?.elem ?? [])
      .map(({ concat }) => concat)
      .filter(([first]) => first === port);
  const rejected = elements('rejected').map(([, address]) => String(address));
  const [state] = elements('state');
  if (!state) return { epoch: 0, rejected };
  const [, epoch, address, toPort] = state;
  const to = { address: String(address), port: Number(toPort) };
  return { epoch: Number(epoch), rejected, ...(to.port !== 0 && { to }) };
}
