const common = {
  testEnvironment: 'node',
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, sourceMaps: 'inline' }],
  },
  modulePathIgnorePatterns: ['<rootDir>/dist'],
};
const under = (...folders) => folders.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`);

/** `unit` needs no Temporal and does not wait for one; `stories` share the one that its global set-up starts. */
module.exports = {
  maxWorkers: 2,
  testTimeout: 30_000,
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: under('planning', 'contract', 'drivers', 'linux', 'setup', 'agent', 'api', 'cli'),
    },
    {
      ...common,
      displayName: 'stories',
      testMatch: under('stories', 'histories', 'stack', 'workflows'),
      globalSetup: '<rootDir>/test/setup/globalSetup.ts',
      globalTeardown: '<rootDir>/test/setup/globalTeardown.ts',
    },
  ],
};
