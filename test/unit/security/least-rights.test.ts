import topology from '../../../topology.json';

const ITEMS = 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/';
interface Grant {
  readonly dataActions: readonly string[];
  readonly scope: string;
}

/** What an identity may do in a container, by the grants whose scope covers it. */
function actionsIn(grants: readonly Grant[], path: string): string[] {
  return grants
    .filter(({ scope }) => scope === '/' || path === scope || path.startsWith(`${scope}/`))
    .flatMap(({ dataActions }) => dataActions)
    .filter((action) => action.startsWith(ITEMS))
    .map((action) => action.slice(ITEMS.length))
    .sort();
}
const KEYS = '/dbs/audit/colls/keys';

test('the app makes and reads keys and changes none', () => {
  expect(actionsIn(topology.AppIdentity.Cosmos, KEYS)).toEqual(['items/create', 'items/read']);
});

test('the key custodian replaces keys, and nobody deletes one', () => {
  expect(actionsIn(topology.KeyCustodianIdentity.Cosmos, KEYS)).toEqual([
    'executeQuery',
    'items/create',
    'items/read',
    'items/replace',
  ]);
});

test('the custodian sees no patient and changes no event', () => {
  const { Cosmos } = topology.KeyCustodianIdentity;
  expect(actionsIn(Cosmos, '/dbs/clinical/colls/resources')).toEqual([]);
  expect(actionsIn(Cosmos, '/dbs/audit/colls/events')).toEqual(['items/create', 'items/read']);
});

test('what identifies somebody is in no index', () => {
  const paths = topology.Cosmos.databases.flatMap(({ id, containers }) =>
    containers.flatMap((container) =>
      'indexingPolicy' in container
        ? (container.indexingPolicy?.includedPaths ?? []).map(({ path }) => `${id}/${container.id}${path}`)
        : [],
    ),
  );
  expect(
    paths.filter((path) => /identifier(?!Index)|name|birth|address|telecom|phi|\/sealed\//i.test(path)),
  ).toEqual([]);
  expect(paths).toContain('clinical/resources/identifierIndex/[]/?');
});
