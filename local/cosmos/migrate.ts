import type { DatabaseSync } from 'node:sqlite';
import { definitionOf, uniqueValues } from './definition';
import { effectiveKey } from './hashing';
import { parseKey } from './partition-key';
import { equalRanges } from './ranges';
import type { JsonObject } from './sql/value';

const version = 1;

/**
 * Brings a file of an earlier release up to date: items get the hash of their key, containers their one physical
 * partition, unique keys their index.
 */
export function migrate(db: DatabaseSync, tables: (container: number) => string): void {
  if (db.prepare('PRAGMA user_version').get()?.['user_version'] === version) return;
  db.exec('BEGIN IMMEDIATE');
  const containers = db.prepare('SELECT number, parent, properties FROM resources WHERE parent <> 0').all();
  for (const { number, parent, properties } of containers) {
    const { definition } = JSON.parse(String(properties)) as { definition: JsonObject };
    upgrade(db, Number(number), Number(parent), definition, tables);
  }
  db.exec(`PRAGMA user_version = ${version}; COMMIT`);
}

function upgrade(
  db: DatabaseSync,
  number: number,
  parent: number,
  properties: JsonObject,
  tables: (container: number) => string,
): void {
  const definition = definitionOf(parent, number, properties);
  db.exec(`
    ALTER TABLE items_${number} RENAME TO old_${number};
    DROP INDEX items_${number}_key;
    DROP INDEX items_${number}_lsn;
    ${tables(number)}
  `);
  db.prepare('INSERT INTO ranges (container, ranges) VALUES (?, ?)').run(
    number,
    JSON.stringify(equalRanges(1)),
  );
  const put = db.prepare(`INSERT INTO items_${number} SELECT created, ?, pk, id, lsn, ts, ttl, body
    FROM old_${number} WHERE created = ?`);
  const putUnique = db.prepare(`INSERT INTO unique_${number} VALUES (?, ?, ?)`);
  for (const row of db.prepare(`SELECT created, pk, id, body FROM old_${number}`).iterate()) {
    const pk = String(row['pk']);
    put.run(effectiveKey(parseKey(pk), definition.isHierarchical), Number(row['created']));
    if (definition.uniqueKeys.length === 0) continue;
    const document = JSON.parse(String(row['body'])) as JsonObject;
    for (const value of uniqueValues(definition, document)) putUnique.run(pk, value, String(row['id']));
  }
  db.exec(`DROP TABLE old_${number}`);
}
