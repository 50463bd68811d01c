// Holds the arrows of docs/architecture.md: functions -> lib capability -> azure; a capability is entered by its door only.
const capabilities =
  '(hl7|convert|fhir|ingest|mllp|audit|tenants|principals|security|azure|alerts|notify|subscriptions|eligibility|compliance|workflows)';

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'src-never-local',
      severity: 'error',
      comment: 'The product does not know its stand-ins.',
      from: { path: '^src/' },
      to: { path: '^(local|cli|test|tools|bench)/' },
    },
    {
      name: 'local-never-src',
      severity: 'error',
      comment: 'The local stack could be a package of its own.',
      from: { path: '^local/' },
      to: { path: '^(src|cli|test|tools|bench)/' },
    },
    {
      name: 'nothing-imports-cli',
      severity: 'error',
      from: { pathNot: '^(cli|test)/' },
      to: { path: '^cli/' },
    },
    {
      name: 'capability-by-its-door',
      severity: 'error',
      comment: 'Another capability is entered through its index.ts.',
      from: { path: `^src/lib/${capabilities}/` },
      to: {
        path: `^src/lib/${capabilities}/`,
        pathNot: ['^src/lib/$1/', `^src/lib/${capabilities}/index\\.ts$`],
      },
    },
    {
      name: 'outside-by-the-door',
      severity: 'error',
      from: { path: '^(src/functions|src/app|src/lib/[^/]+\\.ts|cli)' },
      to: { path: `^src/lib/${capabilities}/`, pathNot: `^src/lib/${capabilities}/index\\.ts$` },
    },
    {
      name: 'cli-by-the-local-door',
      severity: 'error',
      from: { path: '^cli/' },
      to: { path: '^local/', pathNot: ['^local/index\\.ts$', '^local/[^/]+/index\\.ts$'] },
    },
    {
      name: 'sdk-clients-only-in-azure',
      severity: 'error',
      comment: 'src/lib/azure is the only folder that builds SDK clients; types are free.',
      from: { path: '^src/', pathNot: '^src/lib/azure/' },
      to: { path: 'node_modules/@azure/(?!functions)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'core-is-pure',
      severity: 'error',
      comment: 'Parsing and conversion are functions over data.',
      from: { path: '^src/lib/(hl7|convert)/' },
      to: { path: '^src/lib/(azure|ingest|audit|security|tenants)/' },
    },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
};
