import { isIPv4 } from 'node:net';
import type { ProxyNode } from '../../contract/endpoints';
import { Refusal } from '../../contract/errors';
import type { Carrier } from './carrier';
import { forward } from './forward';
import type { Ground } from './ground';
import type { Nft } from './nft';

/** The same table that holds the epochs. */
const table = 'ip evenkeel_proxies';
const absent = /No such file or directory/;

const toPeer = 'dnat ip to ip daddr . tcp dport map @redirected';

/** In one transaction, just before others of their kind: the first that translates an address has its way. Asked again it changes nothing, and keeps what is redirected. */
const prepared = [
  `add table ${table}`,
  `add map ${table} redirected { type ipv4_addr . inet_service : ipv4_addr . inet_service; }`,
  `add set ${table} peers { type ipv4_addr . inet_service; }`,
  `add set ${table} carried { type ipv4_addr . inet_service; }`,
  ...[
    { chain: 'incoming', hook: 'prerouting priority -101', rule: toPeer },
    { chain: 'outgoing', hook: 'output priority -101', rule: toPeer },
    // The peer answers to this host, which knows whose the answer is.
    {
      chain: 'answered',
      hook: 'postrouting priority 99',
      rule: 'ct status dnat ip daddr . tcp dport @peers masquerade',
    },
  ].flatMap(({ chain, hook, rule }) => [
    `add chain ${table} ${chain} { type nat hook ${hook}; }`,
    `flush chain ${table} ${chain}`,
    `add rule ${table} ${chain} ${rule}`,
  ]),
].join('; ');

/**
 * Where no address can move (MACs are filtered), the node that gives its address up redirects it: new connections to its
 * port go on to the peer's proxy. Its host has to live for that. What the peer carries it is only told.
 */
export function redirect(ground: Ground, nft: Nft, node: ProxyNode, peer: ProxyNode): Carrier {
  const host = ground.host.name;
  const at = `${node.address} . ${node.port}`;
  const isOwn = node.host === host;
  const [kind, name, value] = isOwn
    ? ['map', 'redirected', `${at} : ${peer.own} . ${peer.port}`]
    : ['set', 'carried', at];
  let ready: Promise<void> | undefined;

  const make = async (): Promise<void> => {
    const address = [node.address, peer.own].find((one) => !isIPv4(one));
    if (address !== undefined)
      throw new Refusal('NotTaken', { host, address, why: 'this driver redirects IPv4 addresses only' });
    const { complaint } = await nft.tell(prepared);
    if (complaint !== undefined) throw nft.refused('its table of redirected addresses', complaint);
    await forward(ground);
  };
  const prepare = (): Promise<void> =>
    (ready ??= make().catch((error: unknown) => {
      ready = undefined;
      throw error;
    }));
  const isThere = async (): Promise<boolean> => {
    const { complaint } = await nft.tell(`get element ${table} ${name} { ${at} }`);
    if (complaint === undefined) return true;
    if (absent.test(complaint)) return false;
    throw nft.refused(`looking at ${node.address}`, complaint);
  };
  /** Somebody may have flushed all tables meanwhile, ours among them: then it is made anew, once. */
  const put = async (there: boolean, attempts = 2): Promise<void> => {
    await prepare();
    if ((await isThere()) === there) return;
    const change = there
      ? [`add element ${table} peers { ${peer.own} . ${peer.port} }`, `add element ${table} ${name} { ${value} }`]
      : [`delete element ${table} ${name} { ${at} }`];
    const { complaint } = await nft.tell(change.join('; '));
    if (complaint === undefined) return;
    ready = undefined;
    if (attempts === 1) throw nft.refused(`changing the ${kind} ${name}`, complaint);
    return put(there, attempts - 1);
  };
  return {
    prepare,
    take: () => put(!isOwn),
    give: () => put(isOwn),
    holds: async () => (await isThere()) !== isOwn,
  };
}
