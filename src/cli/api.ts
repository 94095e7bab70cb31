import { InvalidArgumentError, type Command } from 'commander';

interface ApiFlags {
  fleet?: string;
  host: string;
  port: number;
  tokens?: string;
  tlsCert?: string;
  tlsKey?: string;
  tlsCa?: string;
}

export function addApi(program: Command): void {
  const command = program
    .command('api')
    .description('Run the HTTP API of the control plane, with its status page.')
    .option('--host <address>', 'where to listen; beyond this machine only with TLS', '127.0.0.1')
    .option('--port <number>', 'port, 0 for any', parsedPort, 7400)
    .option('--tokens <file>', 'JSON list of {name, role, token}, mode 0600 (default: EVENKEEL_TOKENS_FILE)')
    .option('--tls-cert <file>', 'certificate, PEM')
    .option('--tls-key <file>', 'its key, PEM')
    .option('--tls-ca <file>', 'authority whose client certificates are taken as well: CN is the name, OU the role')
    .option('--fleet <file>', 'fleet file');
  command.action(async ({ tlsCert, tlsKey, tlsCa, host, port, tokens, fleet }: ApiFlags) => {
    if ((tlsCert === undefined) !== (tlsKey === undefined))
      command.error('error: --tls-cert and --tls-key go together');
    const { runApi } = await import('../api/main.js');
    await runApi({
      host,
      port,
      ...(fleet !== undefined && { fleet }),
      ...(tokens !== undefined && { tokens }),
      ...(tlsCert && tlsKey && { tls: { cert: tlsCert, key: tlsKey, ...(tlsCa && { ca: tlsCa }) } }),
    });
  });
}

function parsedPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError('Give a port from 0 to 65535.');
  return port;
}
