import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../src/stack/places';

test('the demo shows a resize ahead of its load, and a load whose forecast is not acted on', async () => {
  const command = [join(packageRoot, 'bin', 'evenkeel.js'), 'demo', 'forecast'];
  const { status, out } = await new Promise<{ status: number; out: string }>((resolve) => {
    execFile(process.execPath, command, { env: process.env }, (error, stdout) =>
      resolve({ status: error ? Number(error.code) : 0, out: stdout }),
    );
  });
  expect(out).toMatch(/made +provision-object\/shop +every 5\.0 s/);
  expect(out).toMatch(/✔ shop was resized ahead of its load: its file said 2 and says \d+ \(\d+ for the forecast/);
  expect(out).toMatch(/✔ batch was not acted on by a forecast in \d+ runs?: .* no model was better than/);
  expect(status).toBe(0);
}, 120_000);
