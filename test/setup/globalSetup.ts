import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compiled } from '../../src/stack/places';
import { startTemporal, type Temporal } from '../../src/stack/temporal';

export interface Suite {
  temporal?: Temporal;
  folder?: string;
}

/** What the teardown has to end; both run in jest's own process. */
export const suite: Suite = ((globalThis as { evenkeelSuite?: Suite }).evenkeelSuite ??= {});

/** One Temporal and one workflow bundle for the whole suite; a server given by TEMPORAL_ADDRESS is used as it is. */
export default async function globalSetup(): Promise<void> {
  (require('../../tools/ready.js') as { ready(): void }).ready();
  process.env['EVENKEEL_WORKFLOW_BUNDLE'] = compiled('workflow-bundle.js');
  if (process.env['TEMPORAL_ADDRESS']) return;
  suite.folder = await mkdtemp(join(tmpdir(), 'evenkeel-suite-'));
  suite.temporal = await startTemporal({ test: true, logFile: join(suite.folder, 'temporal.log') });
  process.env['TEMPORAL_ADDRESS'] = suite.temporal.address;
}
