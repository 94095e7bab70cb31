import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openApi } from '../../src/agent/openApi';
import { Scene } from './agents';

let scene: Scene;
beforeEach(() => void (scene = new Scene()));
afterEach(() => scene.close());

test('the description of an agent is valid OpenAPI and holds every operation', () => {
  const file = join(scene.directory(), 'openapi.json');
  const document = openApi();
  writeFileSync(file, JSON.stringify(document));
  const validator = join(
    dirname(require.resolve('@seriousme/openapi-schema-validator/package.json')),
    'bin/validate-api-cli.js',
  );
  const said = execFileSync(process.execPath, [validator, file], { encoding: 'utf8' });
  expect(JSON.parse(said)).toMatchObject({ valid: true });
  expect(Object.keys(document['paths'] as object)).toEqual(
    expect.arrayContaining(['/v1/host/describe', '/v1/copy/send/jobs/{id}', '/v1/files/lookup', '/v1/jobs/{id}']),
  );
});
