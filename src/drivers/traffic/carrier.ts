import type { CapabilityOf } from '../host';

/** How this host carries the address of one node of a pair, and gives it up. Both are done once it says so. */
export interface Carrier {
  /** What takes long and changes nothing for anybody: done beforehand, so that a take is short. */
  prepare(): Promise<void>;
  take(): Promise<void>;
  give(): Promise<void>;
  holds(): Promise<boolean>;
}

/** The operations about who holds an address. */
export interface Holding extends Pick<CapabilityOf<'traffic'>, 'holders' | 'take' | 'release'> {
  prepare(): Promise<void>;
  stop(): Promise<void>;
}
