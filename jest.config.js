const swc = (syntax) => [
  '@swc/jest',
  { jsc: { target: 'es2022', parser: { syntax } }, module: { type: 'commonjs' }, sourceMaps: 'inline' },
];
/** Packages that are ES modules only: Node requires them as they are, jest does not. */
const modules = 'is-any-array|ml-kernel[^/]*|ml-array[^/]*|ml-distance[^/]*';
const common = {
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': swc('typescript'), [`/node_modules/(${modules})/.+\\.js$`]: swc('ecmascript') },
  transformIgnorePatterns: [`/node_modules/(?!(${modules})/)`],
  /** What the agent loads when it is needed: Node wants the ending of what is built, jest has the source. */
  moduleNameMapper: { '^(\\.\\./drivers/.+)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/dist'],
};
const needTemporal = ['stories', 'histories', 'stack', 'workflows'];

/** `unit` needs no Temporal and does not wait for one; `stories` share the one that their global set-up starts. */
module.exports = {
  maxWorkers: 2,
  testTimeout: 30_000,
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: needTemporal.map((folder) => `<rootDir>/test/${folder}/`),
    },
    {
      ...common,
      displayName: 'stories',
      testMatch: needTemporal.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`),
      globalSetup: '<rootDir>/test/setup/globalSetup.ts',
      globalTeardown: '<rootDir>/test/setup/globalTeardown.ts',
    },
  ],
};
