import type { WatchInput } from '../../contract/capabilities/watch';
import type { EndpointEntry } from '../../contract/endpoints';
import { Refusal } from '../../contract/errors';
import { runCommand } from '../command';
import type { CapabilityOf, Host } from '../host';

/** Runs the command that cuts the power of a member's host. It stands in this host's own fleet file: callers name the member alone. */
export async function powerOff(
  host: Host,
  { members }: EndpointEntry,
  { target, member, lease, deadlineMs }: WatchInput<'powerOff'>,
): ReturnType<CapabilityOf<'watch'>['powerOff']> {
  const entry = Object.hasOwn(members, member) ? members[member] : undefined;
  const no = (why: string) => new Refusal('NotFenced', { member, host: entry?.host ?? target, why });
  if (!entry?.powerOff) throw no(`the fleet file of ${host.name} has no \`powerOff\` for it`);
  const beganAt = performance.now();
  const env = { EVENKEEL_ENDPOINT: target, EVENKEEL_MEMBER: member, EVENKEEL_HOST: entry.host };
  const ended = await runCommand({ words: entry.powerOff, timeoutMs: deadlineMs, env });
  const tookMs = Math.round(performance.now() - beganAt);
  const what = `\`${entry.powerOff[0]}\` on ${host.name}`;
  host.log('powerOff', { endpoint: target, member, epoch: lease.epoch, how: ended.how, tookMs });
  if (ended.how !== 'done') throw no(`${what}: ${ended.why}`);
  return { proof: [`${what} has cut the power of ${entry.host}`], tookMs };
}
