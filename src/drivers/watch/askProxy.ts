import type { WatchInput } from '../../contract/capabilities/watch';
import type { ProxiesEntry } from '../../contract/endpoints';
import { Refusal } from '../../contract/errors';
import type { CapabilityOf } from '../host';
import { askConsole } from '../traffic/console';

/**
 * A real question through the address of a node, to whichever proxy has it. The login is that of the node's own console: the
 * other proxy has to know it anyway, since it serves the same clients.
 */
export async function askProxy(
  { nodes }: ProxiesEntry,
  { target, address, port, deadlineMs }: WatchInput<'write'>,
): ReturnType<CapabilityOf<'watch'>['write']> {
  const node = Object.values(nodes).find((each) => each.address === address);
  if (!node) throw new Refusal('NoPart', { host: target, part: `node at ${address}`, name: target });
  const url = new URL(node.console);
  url.hostname = address.includes(':') ? `[${address}]` : address;
  url.port = String(port);
  const sinceMs = performance.now();
  const answer = await askConsole({ url: url.href, password: node.password }, 'SHOW VERSION', deadlineMs);
  if (answer.says !== 'rows') throw new Refusal('ProxyUnreached', { address, port, why: answer.why });
  return { server: address, timeline: 0, tookMs: Math.round((performance.now() - sinceMs) * 10) / 10 };
}
