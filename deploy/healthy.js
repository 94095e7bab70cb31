'use strict';
// `healthy.js URL`: ends with 0 when it answers 200. The certificate is this container's own: nothing to verify.
const { get } = require(process.argv[2].startsWith('https:') ? 'node:https' : 'node:http');

const request = get(process.argv[2], { rejectUnauthorized: false, timeout: 4_000 }, (response) => {
  response.resume();
  process.exitCode = response.statusCode === 200 ? 0 : 1;
});
request.on('timeout', () => request.destroy(new Error('no answer')));
request.on('error', (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
