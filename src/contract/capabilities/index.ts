import { copy } from './copy';
import { files } from './files';
import { host } from './host';
import { load } from './load';
import { role } from './role';
import { traffic } from './traffic';
import { watch } from './watch';

/** The capabilities that exist so far. A new one is a file here, a line here, a driver, and its activities. */
export const capabilities = { host, files, copy, load, role, traffic, watch } as const;

export type CapabilityName = keyof typeof capabilities;
