import { uuidV5 } from '../convert';
import type { MessageDocument } from './types';

/** Tells subscribers of topic `clinical-events` that a message was stored: ids and types only. */
export interface ClinicalEvent {
  readonly id: string;
  readonly tenantId: string;
  readonly messageKey: string;
  /** MSH-9 as `ADT^A01`. */
  readonly eventType: string;
  readonly occurredAt: string;
  /** What the message is about, for subscription filters: the first of these types in it. */
  readonly resourceType: string;
  readonly resourceTypes: readonly string[];
  readonly resourceCount: number;
  /** `Type/id`; the first ones of a very large message. */
  readonly resources: readonly string[];
}

/** 1,000 references are 50 KB, well below the broker's 256 KB. The Patient and report come first in a Bundle. */
export const maxReferences = 1000;

const subjects = ['DiagnosticReport', 'Observation', 'Encounter', 'Patient'];

export function clinicalEventOf(document: MessageDocument, references: readonly string[]): ClinicalEvent {
  const resourceTypes = [
    ...new Set(references.map((reference) => reference.slice(0, reference.indexOf('/')))),
  ];
  return {
    id: uuidV5(`clinical-event|${document.id}`),
    tenantId: document.tenantId,
    messageKey: document.id,
    eventType: document.event ?? '',
    occurredAt: document.sourceTime ?? document.enqueuedAt,
    resourceType: subjects.find((type) => resourceTypes.includes(type)) ?? resourceTypes[0] ?? '',
    resourceTypes,
    resourceCount: references.length,
    resources: references.slice(0, maxReferences),
  };
}
