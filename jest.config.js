const transform = {
  '^.+\\.ts$': [
    '@swc/jest',
    {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
      module: { type: 'commonjs' },
      sourceMaps: 'inline',
    },
  ],
};
// jose is ESM only, which jest's `require` does not take.
const esm = '[/\\\\]node_modules[/\\\\]jose[/\\\\].+\\.js$';
transform[esm] = ['@swc/jest', { jsc: { target: 'es2023' }, module: { type: 'commonjs' } }];

const project = (name) => ({
  displayName: name,
  rootDir: __dirname,
  testEnvironment: 'node',
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  transform,
  transformIgnorePatterns: ['[/\\\\]node_modules[/\\\\](?!jose[/\\\\])'],
  testPathIgnorePatterns: ['/node_modules/', '/test/fixtures/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.medrelay/', '<rootDir>/test/fixtures/'],
});
module.exports = { projects: [project('unit'), project('integration'), project('e2e')], testTimeout: 60000 };
