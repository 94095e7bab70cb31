import { capabilities, type CapabilityName } from '../contract/capabilities';
import { Lease, type Operation } from '../contract/operations';

/** One row of the contract: an operation with its place. */
export interface Offered {
  capability: CapabilityName;
  name: string;
  operation: Operation;
}

export const offered: readonly Offered[] = Object.entries(capabilities).flatMap(([capability, operations]) =>
  Object.entries<Operation>(operations).map(([name, operation]) => ({
    capability: capability as CapabilityName,
    name,
    operation,
  })),
);

export const findOperation = (of: { capability: string; name: string }): Operation | undefined =>
  offered.find(({ capability, name }) => capability === of.capability && name === of.name)?.operation;

export const title = ({ capability, name }: { capability: string; name: string }): string => `${capability}.${name}`;

export const leaseOf = (input: unknown): Lease | undefined =>
  Lease.safeParse((input as { lease?: unknown }).lease).data;
