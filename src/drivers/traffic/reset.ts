import { runProgram, type Ground } from './ground';

/**
 * Ends every connection to an address of this host: the kernel tells each client at once, also when the process that serves
 * it is stopped and answers nothing. Without that a client that waits for an answer would wait for ever: it has nothing to
 * send, so it would never learn that its address went elsewhere. Done while the host still has the address.
 */
export async function resetConnections(ground: Ground, address: string): Promise<void> {
  const words = ['ss', '--kill', '--no-header', '--tcp', 'state', 'connected', 'src', address];
  await runProgram(ground, `ending the connections to ${address}`, words);
}
