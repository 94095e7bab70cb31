/** True for the names and addresses that never leave this machine. */
export function isLoopback(hostname: string | undefined): boolean {
  const bare = (hostname ?? '').replace(/^\[|\]$/g, '').replace(/^::ffff:/, '');
  return bare === 'localhost' || bare === '::1' || /^127(\.\d{1,3}){3}$/.test(bare);
}
