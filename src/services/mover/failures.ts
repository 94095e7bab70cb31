import { hash } from './hash';
import type { ItemCatalog } from './catalog';
import { bytesToName } from './names';

export type Phase = 'list' | 'read' | 'send' | 'store' | 'verify';
export interface Failure {
  path: string;
  phase: Phase;
  why: string;
  pass: number;
}

/** The files that failed, on the agent's disk. Each pass tries them again; those that did not fail again are struck off at its end. */
export class Failures {
  count = 0;
  constructor(private readonly catalog: ItemCatalog) {}

  add(path: Buffer, phase: Phase, why: string): void {
    this.count++;
    const failure: Failure = { path: bytesToName(path), phase, why, pass: this.catalog.state.pass };
    void this.catalog.store.db.put(this.catalog.failureKey(hash(path)), Buffer.from(JSON.stringify(failure)));
  }
  /** After a pass that came to its end. */
  strikeOld(): void {
    const [start, end] = this.catalog.failureKeys();
    for (const { key, value } of this.catalog.store.db.getRange({ start, end })) {
      const failure = JSON.parse(value.toString()) as Failure;
      if (failure.pass !== this.catalog.state.pass) this.catalog.remove(Buffer.from(key));
    }
  }
  static *of(catalog: ItemCatalog): Generator<Failure> {
    const [start, end] = catalog.failureKeys();
    for (const { value } of catalog.store.db.getRange({ start, end })) yield JSON.parse(value.toString()) as Failure;
  }
}
