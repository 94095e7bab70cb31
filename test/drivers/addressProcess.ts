import { connect, createServer } from 'node:net';
import { Refusal } from '../../src/contract/errors';
import type { ProxiesEntry } from '../../src/contract/endpoints';
import { addresses } from '../../src/drivers/traffic/address';

/** A host of its own, in the network namespace in which it was started: it is asked over its channel. */
const [host = '', entry = '{}'] = process.argv.slice(1);

const port = 6432;
const holding = addresses({ name: host, stateDir: '', log: () => {} }, JSON.parse(entry) as ProxiesEntry, 'orders');

/** Whoever answers at the address says its name. */
const greet = ({ address, deadlineMs }: { address: string; deadlineMs: number }) =>
  new Promise<{ from: string }>((resolve) => {
    const socket = connect({ host: address, port });
    const over = (from: string) => {
      socket.destroy();
      resolve({ from });
    };
    socket.setTimeout(deadlineMs, () => over('silence'));
    socket.once('data', (chunk: Buffer) => over(chunk.toString()));
    socket.once('error', (error: NodeJS.ErrnoException) => over(error.code ?? error.message));
  });

const serve = () =>
  new Promise<object>((resolve) => {
    createServer((socket) => void socket.on('error', () => {}).end(host)).listen(port, () => resolve({}));
  });

const does = { ...holding, serve, greet } as unknown as Record<string, (input: unknown) => Promise<unknown>>;

process.on('message', ({ id, operation, input }: { id: number; operation: string; input: unknown }) => {
  does[operation]!(input).then(
    (output) => process.send!({ id, output }),
    (error: Error) =>
      process.send!({
        id,
        failed: { message: error.message, code: error instanceof Refusal ? error.code : undefined },
      }),
  );
});
process.once('disconnect', () => void holding.stop().then(() => process.exit(0)));
