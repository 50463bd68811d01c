import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface DatabaseFile {
  file: string;
  schema: string;
  /** FULL where an answer promises what even a power cut must not undo. */
  synchronous: 'NORMAL' | 'FULL';
  /** What is gone when the file is. */
  loss: string;
}

/** The SQLite file of a small stand-in, for its owner alone; a damaged one says what to do. */
export function openDatabase({ file, schema, synchronous, loss }: DatabaseFile): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file);
    // The log files take their mode from it.
    chmodSync(file, 0o600);
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`);
    const damage = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (damage !== 'ok') throw new Error(String(damage));
    db.exec(schema);
    return db;
  } catch (error) {
    db?.close();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `${file} cannot be opened (${reason}). Restore it, or move it away and go on without ${loss}.`,
    );
  }
}
