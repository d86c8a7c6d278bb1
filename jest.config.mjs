export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  testMatch: [
    '<rootDir>/{contract,client,core,config,backend,lambdas,engines,dev,cli,frontend,infra,proof/*}/src/**/*.test.ts',
    '<rootDir>/frontend/e2e/*.test.ts',
  ],
  // bin/aws/synth leaves copies of the packages there.
  modulePathIgnorePatterns: ['<rootDir>/infra/dist', '<rootDir>/client/dist'],
  globalSetup: '<rootDir>/engines/src/testing/global-setup.mjs',
  globalTeardown: '<rootDir>/engines/src/testing/global-teardown.mjs',
  setupFiles: ['<rootDir>/engines/src/testing/one-realm.mjs'],
  maxWorkers: 3,
  testTimeout: 30_000,
};
