import { createHash } from 'node:crypto';
import type { FhirResource } from 'fhir/r4';

/** A resource that has its id: nothing else is ever stored. */
export type StoredResource = FhirResource & { id: string };

/** What one message says about when and whence its resources come. */
export interface SourceMessage {
  readonly tenantId: string;
  /** Id of the message document; part of every history document's id, so that a redelivery meets its own traces. */
  readonly messageKey: string;
  /** When the facts were stated at the source (ISO 8601 UTC). Decides who is older; never the handler's clock. */
  readonly sourceTime: string;
}

/**
 * - `current`: what the resource is now; the only kind that is ever replaced.
 * - `version`: append-only history, one per message that stated something about the resource.
 * - `release`: append-only, one per released observation version. Alerts read these, so that a quick correction
 *   never hides a preliminary critical value.
 * - `moved`: was `current` here until a message gave it to another patient. Stays, under the same id, so that a late
 *   message about the former patient meets it instead of making the resource anew.
 */
export interface ResourceDocument {
  readonly id: string;
  readonly pk: string;
  readonly kind: 'current' | 'version' | 'release' | 'moved';
  readonly tenantId: string;
  readonly resourceType: string;
  /** Counts from 1; 0 on a late version, which never was the current one. */
  readonly version: number;
  readonly sourceTime: string;
  readonly source: { readonly messageKey: string };
  /** The message was older than all it spoke of: kept in history, changed nothing. */
  readonly late?: true;
  /** The previous version had the same source time; the later arrival won. */
  readonly tie?: true;
  /** Source time of the last move to or from here; an older one no longer counts. */
  readonly movedAt?: string;
  /** Of a moved resource: the partition where it is now. */
  readonly movedTo?: string;
  /** Of a current resource that merges: who stated each element last, and when (`stampOf`). */
  readonly stated?: Readonly<Record<string, string>>;
  readonly resource: StoredResource;
}

/** Shared by many patients, so outside of every patient's compartment (FHIR R4 CompartmentDefinition/patient). */
const directoryTypes = new Set([
  'Device',
  'Endpoint',
  'HealthcareService',
  'Location',
  'Medication',
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'Substance',
]);

export const isDirectoryType = (resourceType: string): boolean => directoryTypes.has(resourceType);

export const patientPartition = (tenantId: string, patientId: string): string =>
  `${tenantId}|Patient/${patientId}`;

/** 16 shards keep one big hospital's practitioners away from the 20 GB limit of a logical partition. */
export const directoryPartition = (tenantId: string, resourceType: string, id: string): string =>
  `${tenantId}|${resourceType}|${createHash('sha256').update(id).digest('hex').charAt(0)}`;

// Ids may not hold `/ \ ? #` (Cosmos DB) and FHIR ids may hold dots, so the parts are joined by `|`.
export const currentId = (resourceType: string, id: string): string => `${resourceType}|${id}`;
export const versionId = (resourceType: string, id: string, messageKey: string): string =>
  `${resourceType}|${id}|v|${messageKey}`;
export const releaseId = (resourceType: string, id: string, messageKey: string): string =>
  `${resourceType}|${id}|r|${messageKey}`;
