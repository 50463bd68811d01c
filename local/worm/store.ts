import type { DatabaseSync } from 'node:sqlite';
import { openDatabase } from '../database';
import type { Target } from './operation';
import type { ContainerSettings, DefaultPolicy, Policy, Protection } from './rules';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS blobs (
    account TEXT NOT NULL, container TEXT NOT NULL, blob TEXT NOT NULL, until INTEGER, mode TEXT, hold INTEGER,
    PRIMARY KEY (account, container, blob)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS containers (
    account TEXT NOT NULL, container TEXT NOT NULL, days INTEGER, mode TEXT,
    PRIMARY KEY (account, container)) STRICT, WITHOUT ROWID;`;

/** What is protected. A promise of immutability is forced to disk before it is given: synchronous is FULL. */
export class Store {
  readonly #db: DatabaseSync;

  constructor(file: string) {
    const loss = 'the policies and holds in it';
    this.#db = openDatabase({ file, schema: SCHEMA, synchronous: 'FULL', loss });
  }

  protection({ account, container, blob }: Target): Protection | undefined {
    const row = this.#db
      .prepare('SELECT until, mode, hold FROM blobs WHERE account = ? AND container = ? AND blob = ?')
      .get(account, container, blob);
    if (!row) return undefined;
    const policy =
      row['until'] === null
        ? undefined
        : { until: Number(row['until']), mode: row['mode'] as Policy['mode'] };
    return {
      ...(policy ? { policy } : {}),
      ...(row['hold'] === null ? {} : { legalHold: row['hold'] === 1 }),
    };
  }

  /** Nothing to protect is no row. */
  protect({ account, container, blob }: Target, protection: Protection | undefined): void {
    const { policy, legalHold } = protection ?? {};
    if (!policy && legalHold === undefined) {
      this.#db
        .prepare('DELETE FROM blobs WHERE account = ? AND container = ? AND blob = ?')
        .run(account, container, blob);
      return;
    }
    const hold = legalHold === undefined ? null : Number(legalHold);
    this.#db
      .prepare('INSERT OR REPLACE INTO blobs VALUES (?, ?, ?, ?, ?, ?)')
      .run(account, container, blob, policy?.until ?? null, policy?.mode ?? null, hold);
  }

  settings({ account, container }: Target): ContainerSettings {
    const row = this.#db
      .prepare('SELECT days, mode FROM containers WHERE account = ? AND container = ?')
      .get(account, container);
    if (!row) return { immutableStorageWithVersioning: false };
    const defaultPolicy =
      row['days'] === null
        ? undefined
        : { days: Number(row['days']), mode: row['mode'] as DefaultPolicy['mode'] };
    return { immutableStorageWithVersioning: true, ...(defaultPolicy ? { defaultPolicy } : {}) };
  }

  enable({ account, container }: Target, { defaultPolicy }: ContainerSettings): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO containers VALUES (?, ?, ?, ?)')
      .run(account, container, defaultPolicy?.days ?? null, defaultPolicy?.mode ?? null);
  }

  forgetContainer({ account, container }: Target): void {
    for (const table of ['blobs', 'containers']) {
      this.#db.prepare(`DELETE FROM ${table} WHERE account = ? AND container = ?`).run(account, container);
    }
  }

  close(): void {
    this.#db.close();
  }
}
