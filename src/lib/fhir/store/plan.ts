import { isDeepStrictEqual } from 'node:util';
import {
  currentId,
  isDirectoryType,
  releaseId,
  versionId,
  type ResourceDocument,
  type SourceMessage,
  type StoredResource,
} from './documents';
import { isStatedWhole, mergeStatement, stampOf, type Deleted, type Stamps } from './merge';
import type { Stored, Write } from './ports';

/** One resource as a message states it. */
export interface Statement {
  readonly resource: StoredResource;
  /** What the message deletes (`""`, or by its event). */
  readonly deletions: readonly Deleted[];
  /** The message only mentions the resource (the patient and visit behind a result) and is not about it. */
  readonly isMention: boolean;
  /** Id of the patient that it belonged to until this message. */
  readonly movedFrom?: string;
}

/**
 * What one message does to one resource. The history document's id holds the message key, so a message that is
 * processed again finds its own trace or fails the whole batch: nothing is ever applied twice.
 */
export function planResource(
  pk: string,
  statement: Statement,
  stored: Stored<ResourceDocument> | undefined,
  message: SourceMessage,
  /** Of a resource that is moved here: what it was where it comes from. */
  origin?: ResourceDocument,
): readonly Write[] {
  if (statement.movedFrom !== undefined && !isLateMove(stored?.document, message)) {
    return planArrival(pk, statement, stored, message, origin);
  }
  const { resource: incoming, deletions, isMention } = statement;
  const isWhole = isStatedWhole(incoming.resourceType);
  const stamp = stampOf(isMention, message.sourceTime);
  if (stored === undefined) {
    const empty = { resource: identityOf(incoming), stated: {} };
    const { stated } = mergeStatement(empty, incoming, deletions, stamp);
    const version = documentOf(pk, incoming, message, 1);
    return [create(currentOf(version, isWhole ? undefined : stated)), ...history(version)];
  }
  const { document, etag } = stored;
  const order = Date.parse(message.sourceTime) - Date.parse(document.sourceTime);
  const late = (): Write[] =>
    isMention || isSameContent(incoming, document.resource)
      ? []
      : history({ ...documentOf(pk, incoming, message, 0), late: true });
  if (isWhole && order < 0) return late();

  const before = { resource: document.resource, stated: document.stated ?? {} };
  const { resource, stated } = isWhole
    ? { resource: incoming, stated: undefined }
    : mergeStatement(before, incoming, deletions, stamp);
  if (isSameContent(resource, document.resource)) {
    // Said again later, so that a message in between no longer counts. Directory resources are in every message and
    // mentions in every result: writing those each time would make all messages wait for one another.
    const isWorthNoting = !isMention && !isDirectoryType(incoming.resourceType);
    if (isWorthNoting && stated !== undefined && !isDeepStrictEqual(stated, document.stated)) {
      return [{ type: 'replace', document: { ...document, stated }, etag }];
    }
    return order < 0 ? late() : [];
  }
  const sourceTime = order < 0 ? document.sourceTime : message.sourceTime;
  const version: ResourceDocument = {
    ...documentOf(pk, resource, { ...message, sourceTime }, document.version + 1),
    ...(order === 0 && { tie: true as const }),
  };
  return [{ type: 'replace', document: currentOf(version, stated, document), etag }, ...history(version)];
}

/** A later move of the same resource is known. */
const isLateMove = (stored: ResourceDocument | undefined, { sourceTime }: SourceMessage): boolean =>
  stored?.movedAt !== undefined && Date.parse(stored.movedAt) > Date.parse(sourceTime);

/** The resource comes here with what was known of it; what is here already, unless it had left, counts instead. */
function planArrival(
  pk: string,
  { resource: incoming, deletions, isMention }: Statement,
  stored: Stored<ResourceDocument> | undefined,
  message: SourceMessage,
  origin: ResourceDocument | undefined,
): readonly Write[] {
  const here = stored?.document;
  const base = here?.kind === 'current' ? here : origin?.kind === 'current' ? origin : here;
  const before = base ?? { resource: identityOf(incoming), stated: {} };
  const { resource, stated } = mergeStatement(
    { resource: before.resource, stated: before.stated ?? {} },
    incoming,
    deletions,
    stampOf(isMention, message.sourceTime),
  );
  const isHere = here?.kind === 'current' && here.movedAt === message.sourceTime;
  if (isHere && isSameContent(resource, here.resource)) return [];
  const version = documentOf(pk, resource, message, (here?.version ?? 0) + 1);
  const document = { ...currentOf(version, stated), movedAt: message.sourceTime };
  return [
    stored === undefined ? create(document) : { type: 'replace', document, etag: stored.etag },
    ...history(version),
  ];
}

/** Leaves the mark of a resource that now belongs to the patient of partition `movedTo`; nothing is deleted. */
export function planDeparture(
  pk: string,
  { resource, deletions }: Statement,
  stored: Stored<ResourceDocument> | undefined,
  message: SourceMessage,
  movedTo: string,
): readonly Write[] {
  const mark = { kind: 'moved' as const, movedAt: message.sourceTime, movedTo };
  if (stored === undefined) {
    const empty = { resource: identityOf(resource), stated: {} };
    const { stated } = mergeStatement(empty, resource, deletions, stampOf(false, message.sourceTime));
    return [create({ ...currentOf(documentOf(pk, resource, message, 0), stated), ...mark })];
  }
  const { document, etag } = stored;
  const isDone = document.kind === 'moved' && document.movedAt === message.sourceTime;
  return isDone || isLateMove(document, message)
    ? []
    : [{ type: 'replace', document: { ...document, ...mark }, etag }];
}

const identityOf = ({ resourceType, id }: StoredResource): StoredResource =>
  ({ resourceType, id }) as StoredResource;

/** `before`: the document that this one replaces, which may have been moved here or away. */
const currentOf = (
  version: ResourceDocument,
  stated: Stamps | undefined,
  before?: ResourceDocument,
): ResourceDocument => ({
  ...version,
  kind: before?.kind ?? 'current',
  id: currentId(version.resource.resourceType, version.resource.id),
  ...(stated !== undefined && { stated }),
  ...(before?.movedAt !== undefined && { movedAt: before.movedAt }),
  ...(before?.movedTo !== undefined && { movedTo: before.movedTo }),
});
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
