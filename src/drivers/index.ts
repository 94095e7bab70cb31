import type { DriverTable } from './host';

/** Every driver, loaded when it is first needed: a line here is all that a new one needs. */
export const drivers: DriverTable = {};
