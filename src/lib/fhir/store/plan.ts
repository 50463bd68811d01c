import { isDeepStrictEqual } from 'node:util';
import {
  currentId,
  releaseId,
  versionId,
  type ResourceDocument,
  type SourceMessage,
  type StoredResource,
} from './documents';
import { mergeSnapshot } from './merge';
import type { Stored, Write } from './ports';

/** One resource as a message states it. */
export interface Statement {
  readonly resource: StoredResource;
  /** Elements that the message deletes (`""`): `telecom`, `hospitalization.admitSource`. */
  readonly deletions: readonly string[];
  /** The message only mentions the resource (the visit behind a result): created where absent, never changed. */
  readonly isMention: boolean;
}

/**
 * What one message does to one resource. The history document's id holds the message key, so a message that is
 * processed again finds its own trace or fails the whole batch: nothing is ever applied twice.
 */
export function planResource(
  pk: string,
  { resource: incoming, deletions, isMention }: Statement,
  stored: Stored<ResourceDocument> | undefined,
  message: SourceMessage,
): readonly Write[] {
  if (stored === undefined) {
    const version: ResourceDocument = {
      ...documentOf(pk, incoming, message, 1),
      ...(isMention && { mention: true as const }),
    };
    return [create({ ...version, kind: 'current', id: currentIdOf(incoming) }), ...history(version)];
  }
  const { document } = stored;
  if (isMention || document.source.messageKey === message.messageKey) return [];

  // A mention knows nothing of its own, so whoever states the resource itself is newer.
  const order = document.mention ? 1 : Date.parse(message.sourceTime) - Date.parse(document.sourceTime);
  if (order < 0) {
    if (isSameContent(incoming, document.resource)) return [];
    return history({ ...documentOf(pk, incoming, message, 0), late: true });
  }
  const merged = mergeSnapshot(document.resource, incoming, deletions);
  if (isSameContent(merged, document.resource) && !document.mention) return [];
  const version: ResourceDocument = {
    ...documentOf(pk, merged, message, document.version + 1),
    ...(order === 0 && { tie: true as const }),
  };
  const current: ResourceDocument = { ...version, kind: 'current', id: currentIdOf(incoming) };
  return [{ type: 'replace', document: current, etag: stored.etag }, ...history(version)];
}

const currentIdOf = (resource: StoredResource): string => currentId(resource.resourceType, resource.id);
const create = (document: ResourceDocument): Write => ({ type: 'create', document });

function history(version: ResourceDocument): Write[] {
  const { resource, source } = version;
  if (resource.resourceType !== 'Observation') return [create(version)];
  const id = releaseId(resource.resourceType, resource.id, source.messageKey);
  return [create(version), create({ ...version, kind: 'release', id })];
}

function documentOf(
  pk: string,
  resource: StoredResource,
  { tenantId, messageKey, sourceTime }: SourceMessage,
  version: number,
): ResourceDocument {
  return {
    id: versionId(resource.resourceType, resource.id, messageKey),
    pk,
    kind: 'version',
    tenantId,
    resourceType: resource.resourceType,
    version,
    sourceTime,
    source: { messageKey },
    resource: {
      ...resource,
      // From the message's own time, so that processing it again makes the same bytes.
      meta: { ...resource.meta, versionId: String(version), lastUpdated: sourceTime },
    },
  };
}

/** Storage facts (version, time, which message) are not content. */
function isSameContent(a: StoredResource, b: StoredResource): boolean {
  return isDeepStrictEqual(contentOf(a), contentOf(b));
}

function contentOf(resource: StoredResource): unknown {
  const { meta } = resource;
  return { ...resource, meta: { ...meta, versionId: undefined, lastUpdated: undefined, source: undefined } };
}
