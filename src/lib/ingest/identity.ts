import { createHash } from 'node:crypto';
import { messageIdentity, uuidV5 } from '../convert';
import type { MessageHeader } from '../hl7';

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export interface Identity {
  /** For people: `demo|APP|FAC|MSG1`. */
  readonly key: string;
  /** Of the first document with this identity. */
  readonly id: string;
}

/**
 * A message is its sender's control id within the tenant (HL7 v2.5.1 ch. 2.9.2.1: MSH-10 is unique per sender).
 * Without one it is its bytes. A corrected message keeps the control id, so the correction is part of its identity.
 * `scope` is the tenant; for a tenant that does not exist, something no tenant can be called.
 */
export function identify(
  scope: string,
  header: MessageHeader | undefined,
  hash: string,
  editedFrom: string | undefined,
): Identity {
  const own =
    header === undefined || header.controlId === ''
      ? { key: `sha256:${hash}`, id: `sha256:${hash}` }
      : messageIdentity(scope, header);
  if (editedFrom === undefined) return own;
  return { key: own.key, id: uuidV5(`edited|${editedFrom}|${own.id}|${hash}`) };
}

/** Of the document for the nth message with this identity (from 1); a sender may reuse its control ids. */
export const useId = (id: string, use: number): string => (use === 1 ? id : uuidV5(`use|${id}|${use}`));

/** The document of a duplicate or conflict: one per delivery and position, the same on every redelivery. */
export const repetitionId = (id: string, origin: string, index: number): string =>
  uuidV5(`repetition|${id}|${index}|${origin}`);

export const partitionOf = (tenantId: string, id: string): string => `${tenantId}|${id}`;
