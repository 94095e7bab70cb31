import type { DriverTable } from './host';

/** Every driver, loaded when it is first needed: a line here is all that a new one needs. */
export const drivers: DriverTable = {
  files: async (host) => (await import('./files/disk.js')).disk(host),
  copy: async (host) => (await import('./copy/stream.js')).stream(host),
};
