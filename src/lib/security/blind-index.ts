import { createHmac } from 'node:crypto';
import { lengthPrefixed } from './length-prefixed';

/**
 * What may be found while it is encrypted, and the form in which two spellings of it are one. The list is closed on
 * purpose: an index over few possible values (sex, ZIP code, birth date, a diagnosis, names too) gives them away by
 * how often each occurs, whatever the key. Identifiers are nearly unique.
 */
const NORMAL_FORMS = {
  /** FHIR R4 section 3.1.1.4.10: tokens match without regard to case unless the system says otherwise. */
  'identifier.value': (value: string) => value.normalize('NFKC').trim().toUpperCase(),
  /** Names of raw bodies: their SHA-256 in hex. */
  'raw.sha256': (value: string) => value,
} satisfies Record<string, (value: string) => string>;

export type IndexedField = keyof typeof NORMAL_FORMS;

/** 16 of HMAC's 32 bytes (NIST SP 800-107 section 5.3.3 allows it): no collision is expected below 2^60 values. */
const INDEX_BYTES = 16;

/** The field's name is part of what is authenticated, so equal values of two fields share no index. */
export function blindIndex(key: Buffer, field: IndexedField, value: string): string {
  const message = lengthPrefixed(['index1', field, NORMAL_FORMS[field](value)]);
  return createHmac('sha256', key).update(message).digest().toString('base64url', 0, INDEX_BYTES);
}
