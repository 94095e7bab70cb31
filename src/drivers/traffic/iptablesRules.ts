import { mark, type Route } from './routeTable';

const notLoopback = '! -d 127.0.0.0/8 -p tcp';

interface Table {
  name: 'raw' | 'mangle' | 'filter' | 'nat';
  /** Chains of Linux that come by ours. */
  hooks: readonly string[];
  /** What our chain is to do. */
  rules: (port: number, route: Route) => string[];
}

/** The last one says what is so: when it could not be replaced, all of them are replaced again. */
const tables: readonly Table[] = [
  { name: 'raw', hooks: ['OUTPUT'], rules: () => [`-m mark --mark ${mark} -j CT --notrack`] },
  {
    name: 'mangle',
    hooks: ['FORWARD', 'OUTPUT'],
    rules: (port, { rejected }) =>
      rejected.map(
        (address) =>
          `-p tcp -m conntrack --ctdir ORIGINAL --ctorigdstport ${port} --ctreplsrc ${address} -j CONNMARK --set-mark ${mark}`,
      ),
  },
  {
    name: 'filter',
    hooks: ['INPUT', 'FORWARD', 'OUTPUT'],
    rules: (port, { rejected }) => [
      ...rejected.flatMap((address) => [
        `-d ${address}/32 -p tcp -m conntrack --ctorigdstport ${port} -j REJECT --reject-with tcp-reset`,
        // Resets pass: its own, and ours, which bear its name.
        `-s ${address}/32 -p tcp -m tcp ! --tcp-flags RST RST -m conntrack --ctorigdstport ${port} -j DROP`,
      ]),
      // What is open was sent elsewhere before it comes to this one.
      `${notLoopback} --dport ${port} -m addrtype --dst-type LOCAL -m conntrack --ctdir ORIGINAL -j REJECT --reject-with tcp-reset`,
    ],
  },
  {
    name: 'nat',
    hooks: ['PREROUTING', 'OUTPUT'],
    rules: (port, { epoch, to }) => [
      `-m comment --comment "epoch ${epoch} ${to ? `open ${to.address}:${to.port}` : 'closed'}"`,
      ...(to
        ? [
            `${notLoopback} --dport ${port} -m addrtype --dst-type LOCAL -j DNAT --to-destination ${to.address}:${to.port}`,
          ]
        : []),
    ],
  },
];

const chainOf = (port: number): string => `evenkeel-${port}`;

/** What `iptables-restore --noflush` reads: our chains anew, and the way into them where `saved` has none. */
export function replacing(port: number, route: Route, saved: string): string {
  const chain = chainOf(port);
  const masquerade = `-A POSTROUTING -p tcp -m conntrack --ctstate DNAT --ctorigdstport ${port} -j MASQUERADE`;
  const text = tables.map(({ name, hooks, rules }) => {
    const there = linesOf(saved, name);
    return [
      `*${name}`,
      `:${chain} - [0:0]`,
      ...rules(port, route).map((rule) => `-A ${chain} ${rule}`),
      ...hooks.filter((hook) => !there.includes(`-A ${hook} -j ${chain}`)).map((hook) => `-I ${hook} 1 -j ${chain}`),
      ...(name === 'nat' && !there.includes(masquerade) ? [masquerade] : []),
      'COMMIT',
    ].join('\n');
  });
  return `${text.join('\n')}\n`;
}

/** The route of a port, from what `iptables-save` tells. */
export function routeIn(saved: string, port: number): Route {
  const chain = chainOf(port);
  const state = linesOf(saved, 'nat').map((line) => line.match(stateOf(chain)));
  const [, epoch = 0, address, toPort] = state.find((match) => match !== null) ?? [];
  const rejecting = new RegExp(`^-A ${chain} -d ([\\d.]+)/32 .*-j REJECT`);
  const rejected = linesOf(saved, 'filter').flatMap((line) => line.match(rejecting)?.[1] ?? []);
  return { epoch: Number(epoch), rejected, ...(address && { to: { address, port: Number(toPort) } }) };
}

const stateOf = (chain: string): RegExp =>
  new RegExp(`^-A ${chain} -m comment --comment "epoch (\\d+) (?:closed|open ([\\d.]+):(\\d+))"`);

function linesOf(saved: string, table: Table['name']): string[] {
  const lines = saved.split('\n');
  const start = lines.indexOf(`*${table}`);
  return start < 0 ? [] : lines.slice(start, lines.indexOf('COMMIT', start));
}
