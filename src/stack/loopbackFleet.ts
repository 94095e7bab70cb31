import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FileServer, Fleet } from '../contract/fleet';
import { freePort } from './ports';

/** Where the first agent tries to listen. */
const firstPort = 7420;

export interface OldFsvm {
  root: string;
  /** Only these entries of `root`; all of them when left out. */
  items?: string[];
}

/** A fleet on this machine alone, as it stands in a fleet file: an agent for each existing FSVM and each new one. */
export interface LoopbackFleet {
  fleet: string;
  hosts: Record<string, Pick<Fleet['hosts'][string], 'agent' | 'roots' | 'zone'>>;
  fileServers: Record<string, { fsvms: FileServer['fsvms']; freeze?: FileServer['freeze'] }>;
}

/** File server `legacy` on the given directories, and `files2` with as many new FSVMs under `to`. */
export async function loopbackFleet(name: string, existing: readonly OldFsvm[], to: string): Promise<LoopbackFleet> {
  const hosts: LoopbackFleet['hosts'] = {};
  let port = firstPort;
  const addHost = async (host: string, root: string) => {
    port = await freePort(port);
    hosts[host] = { agent: `http://127.0.0.1:${port++}`, roots: [root], zone: host };
  };
  const legacy: FileServer['fsvms'] = {};
  const files2: FileServer['fsvms'] = {};
  for (const [index, { root, items }] of existing.entries()) {
    const ordinal = index + 1;
    const store = join(to, `fsvm-${ordinal}`);
    mkdirSync(store, { recursive: true });
    await addHost(`old-${ordinal}`, root);
    await addHost(`new-${ordinal}`, store);
    legacy[`old-fsvm-${ordinal}`] = { host: `old-${ordinal}`, root, ...(items && { items }) };
    files2[`fsvm-${ordinal}`] = { host: `new-${ordinal}`, root: store };
  }
  return { fleet: name, hosts, fileServers: { legacy: { fsvms: legacy }, files2: { fsvms: files2 } } };
}
