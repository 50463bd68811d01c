import { conflict } from './errors';
import { parsePath, valueAt } from './partition-key';
import { containerRid, databaseRid, etagOf, itemRid } from './rid';
import { canonical } from './sql/order';
import type { JsonObject } from './sql/value';
import type { Commits } from './commits';
import type { ItemRow, Store } from './store';

/** One version of an item. `document` is parsed from the text when a query first needs it. */
export class Item {
  private parsed: JsonObject | undefined;

  constructor(
    private readonly container: number,
    readonly row: ItemRow,
  ) {}

  get etag(): string {
    return etagOf(this.container, this.row.lsn);
  }

  get document(): JsonObject {
    return (this.parsed ??= JSON.parse(this.row.body) as JsonObject);
  }
}

export interface Definition {
  database: number;
  number: number;
  paths: string[][];
  uniqueKeys: string[][][];
  /** Absent: items never expire, whatever they say. -1: only items that carry a `ttl` do. */
  defaultTtl: number | undefined;
}

interface Partition {
  items: Map<string, Item>;
  /** For each unique key, who holds a value: `index:values` -> item id. */
  unique: Map<string, string>;
}

export function definitionOf(database: number, number: number, properties: JsonObject): Definition {
  const { partitionKey, uniqueKeyPolicy, defaultTtl } = properties as {
    partitionKey?: { paths: string[] };
    uniqueKeyPolicy?: { uniqueKeys?: { paths: string[] }[] };
    defaultTtl?: number | null;
  };
  return {
    database,
    number,
    paths: (partitionKey?.paths ?? []).map(parsePath),
    uniqueKeys: (uniqueKeyPolicy?.uniqueKeys ?? []).map((key) => key.paths.map(parsePath)),
    defaultTtl: defaultTtl ?? undefined,
  };
}

/**
 * The items of one container: partitions are read from disk when first touched, the whole container when a
 * query first crosses partitions. Every change goes through a `Changes` and `apply`.
 */
export class Container {
  private partitions = new Map<string, Partition>();
  /** All items by creation, in that order; kept once it was needed. */
  private everything: Map<number, Item> | undefined;
  lsn: number;

  constructor(
    public definition: Definition,
    private readonly store: Store,
    private readonly commits: Commits,
    private readonly clock: () => number,
  ) {
    this.lsn = store.lsn(definition.number);
  }

  get rid(): string {
    return containerRid(this.definition.database, this.definition.number);
  }

  get seconds(): number {
    return Math.floor(this.clock() / 1000);
  }

  /** What is in memory is no longer to be trusted: read again from disk. */
  forget(): void {
    this.partitions = new Map();
    this.everything = undefined;
    this.lsn = this.store.lsn(this.definition.number);
  }

  get(pk: string, id: string): Item | undefined {
    const item = this.partition(pk).items.get(id);
    return item && this.isLive(item.row) ? item : undefined;
  }

  *items(pk?: string): Iterable<Item> {
    const items = pk === undefined ? this.all() : this.partition(pk).items;
    for (const item of items.values()) if (this.isLive(item.row)) yield item;
  }

  /** The change feed reads from disk, so it can only show what is committed. */
  feed(after: number, since: number, pk: string | undefined, most: number): ItemRow[] {
    this.commits.flush();
    return this.store.feed(this.definition.number, { after, since, pk, most });
  }

  isLive({ ts, ttl }: ItemRow): boolean {
    const { defaultTtl } = this.definition;
    if (defaultTtl === undefined) return true;
    const life = ttl ?? defaultTtl;
    return life < 0 || this.seconds < ts + life;
  }

  /** Removes expired items; reads and queries stopped seeing them when they expired. */
  sweep(): void {
    const { defaultTtl, number } = this.definition;
    if (defaultTtl === undefined) return;
    for (const { pk, id } of this.store.expired(number, defaultTtl, this.seconds)) {
      const changes = new Changes(this, pk);
      // Only what is still expired: the item may have been written again since the last commit.
      if (changes.get(id) === undefined) {
        changes.remove(id);
        this.apply(changes);
      }
    }
  }

  /** In memory now; on disk with this turn's commit. */
  apply(changes: Changes): void {
    const { pk, lsn } = changes;
    const partition = this.partition(pk);
    const written = [...changes.items];
    const before = written.map(([id]) => partition.items.get(id));
    for (const [i, [id, item]] of written.entries()) {
      const old = before[i];
      if (old !== undefined) {
        for (const key of this.uniqueValues(old)) {
          if (partition.unique.get(key) === id) partition.unique.delete(key);
        }
      }
      if (old !== undefined && old.row.created !== item?.row.created) {
        partition.items.delete(id);
        this.everything?.delete(old.row.created);
      }
      if (item !== undefined) {
        partition.items.set(id, item);
        this.everything?.set(item.row.created, item);
      }
    }
    for (const [id, item] of written) {
      if (item) for (const key of this.uniqueValues(item)) partition.unique.set(key, id);
    }
    if (partition.items.size > 0) this.partitions.set(pk, partition);
    else this.partitions.delete(pk);
    this.lsn = lsn;
    const container = this.definition.number;
    this.commits.add(
      written.flatMap(([, item], i) => {
        const old = before[i]?.row.created;
        const replaced =
          old !== undefined && old !== item?.row.created ? [{ container, lsn, removed: old }] : [];
        return item === undefined ? replaced : [...replaced, { container, lsn, row: item.row }];
      }),
    );
  }

  /** `0:["a","b"]` for each unique key; a missing value counts as null. */
  uniqueValues(item: { readonly document: JsonObject }): string[] {
    if (this.definition.uniqueKeys.length === 0) return [];
    const { document } = item;
    return this.definition.uniqueKeys.map(
      (paths, i) => `${i}:${canonical(paths.map((path) => valueAt(document, path) ?? null))}`,
    );
  }

  holder(pk: string, uniqueValue: string): string | undefined {
    return this.partition(pk).unique.get(uniqueValue);
  }

  private partition(pk: string): Partition {
    const found = this.partitions.get(pk);
    if (found !== undefined) return found;
    const partition: Partition = { items: new Map(), unique: new Map() };
    if (this.everything !== undefined) return partition;
    for (const row of this.store.partition(this.definition.number, pk))
      this.addTo(partition, new Item(this.definition.number, row));
    if (partition.items.size > 0) this.partitions.set(pk, partition);
    return partition;
  }

  private all(): Map<number, Item> {
    if (this.everything !== undefined) return this.everything;
    this.commits.flush();
    const everything = new Map<number, Item>();
    const loaded = new Map(this.partitions);
    for (const row of this.store.all(this.definition.number)) {
      const kept = loaded.get(row.pk)?.items.get(row.id);
      const item = kept ?? new Item(this.definition.number, row);
      everything.set(row.created, item);
      if (kept !== undefined) continue;
      let partition = this.partitions.get(row.pk);
      if (partition === undefined) {
        partition = { items: new Map(), unique: new Map() };
        this.partitions.set(row.pk, partition);
      }
      this.addTo(partition, item);
    }
    this.everything = everything;
    return everything;
  }

  private addTo(partition: Partition, item: Item): void {
    partition.items.set(item.row.id, item);
    for (const key of this.uniqueValues(item)) partition.unique.set(key, item.row.id);
  }
}

/**
 * Changes to one logical partition that are not applied yet: what a transactional batch has done so far.
 * Reads see the changes; dropping the object undoes them.
 */
export class Changes {
  readonly items = new Map<string, Item | undefined>();
  readonly pk: string;
  lsn: number;

  constructor(
    readonly container: Container,
    pk: string,
  ) {
    this.pk = pk;
    this.lsn = container.lsn;
  }

  get(id: string): Item | undefined {
    return this.items.has(id) ? this.items.get(id) : this.container.get(this.pk, id);
  }

  /** Writes a version of an item: a new one, or the next of `previous`. */
  put(document: JsonObject, id: string, ttl: number | null, previous?: Item): Item {
    const { container } = this;
    const { database, number } = container.definition;
    for (const value of container.uniqueValues({ document })) this.checkUnique(value, id);
    const lsn = ++this.lsn;
    const created = previous?.row.created ?? lsn;
    const rid = itemRid(database, number, created);
    const ts = container.seconds;
    const body = JSON.stringify({
      ...document,
      _rid: rid,
      _self: `dbs/${databaseRid(database)}/colls/${container.rid}/docs/${rid}/`,
      _etag: etagOf(number, lsn),
      _attachments: 'attachments/',
      _ts: ts,
    });
    const item = new Item(number, { created, pk: this.pk, id, lsn, ts, ttl, body });
    this.items.set(id, item);
    return item;
  }

  remove(id: string): void {
    this.lsn++;
    this.items.set(id, undefined);
  }

  private checkUnique(value: string, id: string): void {
    const holders = [...this.items.keys(), this.container.holder(this.pk, value)];
    for (const holder of holders) {
      if (holder === undefined || holder === id) continue;
      const held = this.get(holder);
      if (held !== undefined && this.container.uniqueValues(held).includes(value)) {
        throw conflict('Unique index constraint violation: another item has the same unique key value.');
      }
    }
  }
}
