import { rm } from 'node:fs/promises';
import { suite } from './globalSetup';

export default async function globalTeardown(): Promise<void> {
  await suite.temporal?.stop();
  if (suite.folder) await rm(suite.folder, { recursive: true, force: true });
}
