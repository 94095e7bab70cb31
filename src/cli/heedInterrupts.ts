/** Whatever interrupts a demo, what it started is stopped: nothing is left running by Ctrl-C. Answers whether one came. */
export function heedInterrupts(): () => boolean {
  let heard = false;
  process.on('SIGINT', () => void (heard = true));
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.emit('SIGINT'));
  return () => heard;
}
