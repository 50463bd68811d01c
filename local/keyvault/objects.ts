import { randomBytes } from 'node:crypto';
import { badParameter, deletedNotFound, nameIsDeleted, notFound, type Kind } from './errors';
import { retentionDays, type Attributes, type Page, type Store, type Version } from './store';

/** What secrets and keys have in common: names, versions, attributes, tags, pages and soft delete. */

export interface VaultRequest {
  /** `https://host:port`: the beginning of every id. */
  vault: string;
  name: string;
  /** '' where none is named: the newest. */
  version: string;
  body: Record<string, unknown>;
  query: URLSearchParams;
}

const seconds = (milliseconds: number) => Math.floor(milliseconds / 1000);
const dayMs = 24 * 60 * 60 * 1000;

export const newVersion = () => randomBytes(16).toString('hex');

export function current(store: Store, kind: Kind, { name, version }: VaultRequest): Version {
  const found = store.deletedAt(kind, name) === undefined ? store.find(kind, name, version) : undefined;
  if (!found) throw notFound(kind, name, version);
  return found;
}

/** A name that waits to be recovered or purged takes no new version. */
export function requireFree(store: Store, kind: Kind, name: string): void {
  if (!/^[0-9a-zA-Z-]{1,127}$/.test(name))
    throw badParameter(`The request URI contains an invalid name: ${name}`);
  if (store.deletedAt(kind, name) !== undefined) throw nameIsDeleted(kind, name);
}

export function newAttributes(given: unknown, nowMs: number): Attributes {
  const now = seconds(nowMs);
  return { enabled: true, ...givenAttributes(given), created: now, updated: now };
}

/** A version with other attributes and tags; what is not given stays. */
export function updated(version: Version, body: Record<string, unknown>, nowMs: number): Version {
  const attributes = {
    ...version.attributes,
    ...givenAttributes(body['attributes']),
    updated: seconds(nowMs),
  };
  return { ...version, attributes, tags: body['tags'] === undefined ? version.tags : tagsOf(body) };
}

function givenAttributes(given: unknown): Pick<Attributes, 'nbf' | 'exp'> & { enabled?: boolean } {
  if (given === undefined || given === null) return {};
  if (typeof given !== 'object') throw badParameter("Property 'attributes' must be an object.");
  const { enabled, nbf, exp, exportable } = given as Record<string, unknown>;
  if (exportable === true)
    throw badParameter('AKV.SKR.1010: Only keys with a release policy can be exportable.');
  if (enabled !== undefined && enabled !== null && typeof enabled !== 'boolean')
    throw badParameter("Property 'attributes.enabled' must be a boolean.");
  for (const [name, time] of Object.entries({ nbf, exp })) {
    if (
      time !== undefined &&
      time !== null &&
      (typeof time !== 'number' || !Number.isInteger(time) || time < 0)
    )
      throw badParameter(`Property 'attributes.${name}' must be seconds since 1970-01-01.`);
  }
  return {
    ...(typeof enabled === 'boolean' && { enabled }),
    ...(typeof nbf === 'number' && { nbf }),
    ...(typeof exp === 'number' && { exp }),
  };
}

export function tagsOf({ tags }: Record<string, unknown>): Record<string, string> | undefined {
  if (tags === undefined || tags === null) return undefined;
  if (typeof tags !== 'object' || Object.values(tags).some((value) => typeof value !== 'string'))
    throw badParameter("Property 'tags' must be an object of strings.");
  const entries = Object.entries(tags as Record<string, string>);
  // https://learn.microsoft.com/azure/key-vault/secrets/about-secrets#secret-tags
  if (entries.length > 15) throw badParameter('Too many tags: at most 15 are allowed.');
  if (entries.some(([name, value]) => name.length > 256 || value.length > 256))
    throw badParameter('A name or value of a tag is longer than 256 characters.');
  return Object.fromEntries(entries);
}

export const attributesOut = (attributes: Attributes) => ({
  ...attributes,
  recoveryLevel: 'Recoverable+Purgeable',
  recoverableDays: retentionDays,
});

export const idOf = (vault: string, kind: Kind, { name, version }: Version) =>
  `${vault}/${kind}s/${name}/${version}`;

const maxPage = 25;

/** A page as the SDKs follow it: `value`, and `nextLink` with where to go on. */
export function page<T>(
  { vault, query }: VaultRequest,
  path: string,
  read: (after: string, limit: number) => Page<T>,
  show: (item: T) => object,
): object {
  const given = query.get('maxresults');
  const limit = given === null ? maxPage : Number(given);
  if (!Number.isInteger(limit) || limit < 1 || limit > maxPage)
    throw badParameter(`maxresults must be between 1 and ${maxPage}.`);
  const after = Buffer.from(query.get('$skiptoken') ?? '', 'base64url').toString();
  const { items, next } = read(after, limit);
  const link = new URL(`${vault}/${path}`);
  link.search = new URLSearchParams({
    'api-version': query.get('api-version') ?? '',
    $skiptoken: Buffer.from(String(next)).toString('base64url'),
    maxresults: String(limit),
  }).toString();
  return { value: items.map(show), nextLink: next === undefined ? null : link.href };
}

/** The part of a bundle or item that says when it was deleted and how to get it back. */
export function deletion(
  store: Store,
  kind: Kind,
  { vault, name }: Pick<VaultRequest, 'vault' | 'name'>,
): object {
  const at = store.deletedAt(kind, name);
  if (at === undefined) throw deletedNotFound(kind, name);
  return {
    recoveryId: `${vault}/deleted${kind}s/${store.find(kind, name)?.name ?? name}`,
    deletedDate: seconds(at),
    scheduledPurgeDate: seconds(at + retentionDays * dayMs),
  };
}

/** The newest version of something deleted. */
export function deleted(store: Store, kind: Kind, { name }: VaultRequest): Version {
  const found = store.deletedAt(kind, name) === undefined ? undefined : store.find(kind, name);
  if (!found) throw deletedNotFound(kind, name);
  return found;
}
