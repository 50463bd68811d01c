import { uniqueValues, type Definition } from './definition';
import type { DocumentCache } from './document-cache';
import { conflict, CosmosError } from './errors';
import { effectiveKey } from './hashing';
import { parseKey } from './partition-key';
import { contains, split, wholeSpan, type Range } from './ranges';
import { containerRid, databaseRid, etagOf, itemRid } from './rid';
import type { JsonObject } from './sql/value';
import type { Commits } from './commits';
import type { FeedScope, ItemRow, Scope, Store, VersionRow } from './store';

const scanRows = 256;

/** One version of an item. `document` is parsed from the text when it is first needed. */
export class Item {
  constructor(
    private readonly container: number,
    readonly row: ItemRow,
    private readonly parse: (row: ItemRow) => JsonObject = ({ body }) => JSON.parse(body) as JsonObject,
  ) {}

  private parsed: JsonObject | undefined;

  get etag(): string {
    return etagOf(this.container, this.row.lsn);
  }

  get document(): JsonObject {
    return (this.parsed ??= this.parse(this.row));
  }
}

/** The items of one container, in SQLite. Every change goes through a `Changes` and `apply`. */
export class Container {
  lsn: number;
  ranges: Range[];
  readonly rid: string;
  /** Begins the `_self` of its items. */
  readonly self: string;
  private readonly hashes = new Map<string, string>();

  constructor(
    public definition: Definition,
    private readonly store: Store,
    private readonly commits: Commits,
    private readonly cache: DocumentCache,
    private readonly clock: () => number,
  ) {
    this.lsn = store.lsn(definition.number);
    this.ranges = store.ranges(definition.number);
    this.rid = containerRid(definition.database, definition.number);
    this.self = `dbs/${databaseRid(definition.database)}/colls/${this.rid}`;
  }

  get seconds(): number {
    return Math.floor(this.clock() / 1000);
  }

  /** After a commit that failed. */
  forget(): void {
    this.lsn = this.store.lsn(this.definition.number);
  }

  /** The physical partition of this id; one that a split has replaced is gone. */
  range(id: string): Range {
    const found = this.ranges.find((range) => range.id === id);
    if (found === undefined) {
      throw new CosmosError(
        410,
        `The partition key range '${id}' is gone; read the ranges of the container again.`,
        1002,
      );
    }
    return found;
  }

  rangeOf(pk: string): Range {
    const epk = this.epk(pk);
    const found = this.ranges.find((range) => contains(range, epk));
    if (found === undefined) throw new Error('The ranges of a container have a hole.');
    return found;
  }

  /** A physical partition becomes two: the service does this as data or throughput grows, here it is asked for. */
  split(id: string): void {
    this.range(id);
    this.commits.flush();
    const ranges = split(this.ranges, id);
    this.store.putRanges(this.definition.number, ranges);
    this.ranges = ranges;
  }

  epk(pk: string): string {
    let found = this.hashes.get(pk);
    if (found === undefined) {
      found = effectiveKey(parseKey(pk), this.definition.isHierarchical);
      if (this.hashes.size >= 10_000) this.hashes.clear();
      this.hashes.set(pk, found);
    }
    return found;
  }

  get(pk: string, id: string): Item | undefined {
    const row = this.row(pk, id);
    return row && this.isLive(row) ? new Item(this.definition.number, row) : undefined;
  }

  /** Also one that has expired and is not removed yet. */
  row(pk: string, id: string): ItemRow | undefined {
    return this.store.get(this.definition.number, pk, id);
  }

  /** By creation, from what was created after an LSN. */
  *items(scope: Scope = { span: wholeSpan }, after = 0): Iterable<Item> {
    const { number } = this.definition;
    const mayEvict = !('span' in scope);
    const parse = ({ lsn, body }: ItemRow) => this.cache.parse(number, lsn, body, mayEvict);
    for (let at = after; ;) {
      const rows = this.store.scan(number, scope, at, scanRows);
      for (const row of rows) if (this.isLive(row)) yield new Item(number, row, parse);
      const last = rows.at(-1);
      if (last === undefined || rows.length < scanRows) return;
      at = last.created;
    }
  }

  /** The change feed can only show what is committed. */
  feed(scope: FeedScope): ItemRow[] {
    this.commits.flush();
    return this.store.feed(this.definition.number, scope);
  }

  versions(scope: FeedScope): VersionRow[] {
    this.commits.flush();
    return this.store.versions(this.definition.number, scope);
  }

  isLive({ ts, ttl }: ItemRow): boolean {
    const { defaultTtl } = this.definition;
    if (defaultTtl === undefined) return true;
    const life = ttl ?? defaultTtl;
    return life < 0 || this.seconds < ts + life;
  }

  /** Removes expired items; reads and queries stopped seeing them when they expired. */
  sweep(): void {
    const { defaultTtl, number, versionsSeconds } = this.definition;
    if (versionsSeconds > 0) {
      this.commits.write(() => {
        this.store.begin();
        this.store.removeVersions(number, this.seconds - versionsSeconds);
      });
    }
    if (defaultTtl === undefined) return;
    for (const { pk, id, lsn } of this.store.expired(number, defaultTtl, this.seconds)) {
      const changes = new Changes(this, pk);
      changes.remove(id, lsn);
      this.apply(changes);
    }
  }

  /** Seen by all who read from now on; on disk with this turn's commit. */
  apply(changes: Changes): void {
    const { pk, lsn, items, log } = changes;
    const { number, versionsSeconds } = this.definition;
    this.commits.write(() => {
      this.store.begin();
      for (const [id, item] of items) this.replace(pk, changes.before(id), item);
      if ([...items.values()].includes(undefined)) this.store.setLsn(number, lsn);
      // Only now: within a batch a value may move from one item to another.
      for (const [id, item] of items) {
        if (item) for (const value of this.uniqueValues(item)) this.store.putUnique(number, pk, value, id);
      }
      if (versionsSeconds > 0) for (const version of log) this.store.addVersion(number, version);
      this.lsn = lsn;
    });
  }

  private replace(pk: string, old: ItemRow | undefined, item: Item | undefined): void {
    const { number } = this.definition;
    if (old !== undefined) {
      for (const value of this.uniqueValues(new Item(number, old))) {
        this.store.removeUnique(number, pk, value, old.id);
      }
      // One that expired and was not swept yet makes room for a new one.
      if (old.created !== item?.row.created) this.store.remove(number, old.created);
    }
    if (item !== undefined) this.store.put(number, item.row);
  }

  uniqueValues(item: { readonly document: JsonObject }): string[] {
    return this.definition.uniqueKeys.length === 0 ? [] : uniqueValues(this.definition, item.document);
  }

  holder(pk: string, uniqueValue: string): string | undefined {
    return this.store.uniqueHolder(this.definition.number, pk, uniqueValue);
  }
}

/**
 * Changes to one logical partition that are not applied yet: what a transactional batch has done so far.
 * Reads see the changes; dropping the object undoes them.
 */
export class Changes {
  readonly items = new Map<string, Item | undefined>();
  /** Every step, for the feed of all versions and deletes. */
  readonly log: VersionRow[] = [];
  lsn: number;
  /** What was there before; nobody else changes it while a request is at work. */
  private readonly rows = new Map<string, ItemRow | undefined>();

  constructor(
    readonly container: Container,
    readonly pk: string,
  ) {
    this.lsn = container.lsn;
  }

  get(id: string): Item | undefined {
    if (this.items.has(id)) return this.items.get(id);
    const row = this.before(id);
    return row && this.container.isLive(row) ? new Item(this.container.definition.number, row) : undefined;
  }

  before(id: string): ItemRow | undefined {
    if (!this.rows.has(id)) this.rows.set(id, this.container.row(this.pk, id));
    return this.rows.get(id);
  }

  /** Writes a version of an item: a new one, or the next of `previous`. */
  put(document: JsonObject, id: string, ttl: number | null, previous?: Item): Item {
    const { container, pk } = this;
    const { database, number } = container.definition;
    for (const value of container.uniqueValues({ document })) this.checkUnique(value, id);
    const lsn = ++this.lsn;
    const created = previous?.row.created ?? lsn;
    const rid = itemRid(database, number, created);
    const ts = container.seconds;
    const epk = container.epk(pk);
    const stored: JsonObject = {
      ...document,
      _rid: rid,
      _self: `${container.self}/docs/${rid}/`,
      _etag: etagOf(number, lsn),
      _attachments: 'attachments/',
      _ts: ts,
    };
    const body = JSON.stringify(stored);
    const item = new Item(number, { created, epk, pk, id, lsn, ts, ttl, body }, () => stored);
    this.items.set(id, item);
    const type = previous ? 'replace' : 'create';
    this.log.push({ lsn, epk, pk, id, type, previous: previous?.row.lsn ?? null, ts, expired: 0, body });
    return item;
  }

  /** `expiredLsn` is that of a version that nobody sees any more. */
  remove(id: string, expiredLsn?: number): void {
    const { container, pk } = this;
    const previous = expiredLsn ?? this.get(id)?.row.lsn ?? null;
    const lsn = ++this.lsn;
    this.items.set(id, undefined);
    const [epk, ts, expired] = [container.epk(pk), container.seconds, expiredLsn === undefined ? 0 : 1];
    this.log.push({ lsn, epk, pk, id, type: 'delete', previous, ts, expired, body: null });
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
