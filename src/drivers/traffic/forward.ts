import { runProgram, type Ground } from './ground';

const setting = '/proc/sys/net/ipv4/ip_forward';

/** Lets this host pass packets on, where it does not yet. Which ones, its own firewall says as before. */
export async function forward(ground: Ground): Promise<void> {
  const what = 'net.ipv4.ip_forward';
  if ((await runProgram(ground, what, ['cat', setting])).trim() === '1') return;
  await runProgram(ground, what, ['tee', setting], '1\n');
  ground.host.log('forwards packets from now on', { setting: what });
}
