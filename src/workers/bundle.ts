import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';

/** Where the build leaves the workflow code, so that a worker starts without bundling it. */
export const bundlePath = (): string =>
  process.env['EVENKEEL_WORKFLOW_BUNDLE'] ?? resolve(__dirname, '..', '..', 'dist', 'workflow-bundle.js');

async function bundle(): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(__dirname, '..', 'workflows', 'index.js'),
    workflowInterceptorModules: [join(__dirname, '..', 'workflows', 'kit', 'interceptors.js')],
    logger: { ...console, log: () => {}, trace: () => {}, debug: () => {}, info: () => {} },
  });
  await writeFile(bundlePath(), code);
}

if (require.main === module)
  bundle().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
