import { TestWorkflowEnvironment } from '@temporalio/testing';

/** A process of its own: fetches the CLI into the folder it is given, in the only way the SDK offers, by starting a server once. */
async function download(folder: string): Promise<void> {
  const server = { executable: { type: 'cached-download', downloadDir: folder } } as const;
  const environment = await TestWorkflowEnvironment.createLocal({ server });
  await environment.teardown();
}

download(process.argv[2] ?? '.').catch((error: Error) => {
  // The useful part is the innermost reason: "dns error: …", "connection refused".
  console.error(error.message.split(/: (?=client error|dns error|tcp connect)/).at(-1));
  process.exitCode = 1;
});
