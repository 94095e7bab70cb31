import type { Command } from 'commander';

export function addWorker(parent: Command): void {
  parent
    .command('worker')
    .description('run a worker: it carries out runbooks; run any number, anywhere that reaches Temporal and the agents')
    .option('--fleet <file>', 'fleet file')
    .option('--metrics <address:port>', 'where Prometheus may scrape it')
    .action(async (options: { fleet?: string; metrics?: string }) => {
      const { runWorker } = await import('../workers/main.js');
      await runWorker(options);
    });
}
