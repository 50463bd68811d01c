import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Catalog } from '../../../local/cosmos/catalog';
import { Store } from '../../../local/cosmos/store';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'cosmos-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

/** A file as the first release wrote it: one database, one container with a unique key, two items. */
function writeFirstRelease(): void {
  const db = new DatabaseSync(join(dataDir, 'cosmos.db'));
  const definition = {
    id: 'c',
    partitionKey: { paths: ['/pk'] },
    uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/mail'] }] },
  };
  db.exec(`
    CREATE TABLE resources (
      number INTEGER PRIMARY KEY AUTOINCREMENT, parent INTEGER NOT NULL, id TEXT NOT NULL,
      version INTEGER NOT NULL, ts INTEGER NOT NULL, properties TEXT NOT NULL,
      lsn INTEGER NOT NULL DEFAULT 0, UNIQUE (parent, id)
    ) STRICT;
    INSERT INTO resources VALUES (1, 0, 'd', 1, 1, '{"definition":{"id":"d"}}', 0);
    INSERT INTO resources VALUES (2, 1, 'c', 1, 1, '${JSON.stringify({ definition })}', 3);
    CREATE TABLE items_2 (
      created INTEGER PRIMARY KEY, pk TEXT NOT NULL, id TEXT NOT NULL,
      lsn INTEGER NOT NULL, ts INTEGER NOT NULL, ttl INTEGER, body TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX items_2_key ON items_2 (pk, id);
    CREATE UNIQUE INDEX items_2_lsn ON items_2 (lsn);
    INSERT INTO items_2 VALUES (1, '["a"]', '1', 3, 1, NULL, '{"id":"1","pk":"a","mail":"x"}');
    INSERT INTO items_2 VALUES (2, '["b"]', '2', 2, 1, NULL, '{"id":"2","pk":"b","mail":"x"}');
  `);
  db.close();
}

test('a file of the first release is read, and read again', () => {
  writeFirstRelease();
  for (let i = 0; i < 2; i++) {
    const store = new Store(dataDir);
    const container = new Catalog(store, Date.now).container('d', 'c').state;
    expect([...container.items()].map(({ document }) => document['id'])).toEqual(['1', '2']);
    expect(container.get('["a"]', '1')?.row.epk).toBe(container.epk('["a"]'));
    expect(container.lsn).toBe(3);
    expect(container.ranges).toHaveLength(1);
    expect(container.holder('["b"]', '0:["x"]')).toBe('2');
    store.close();
  }
});
