import { claimCheckKind, decodeBody } from './body';
import type { IngestPorts, QueueMessage } from './ports';
import type { Delivery } from './types';

/** What a message on `hl7-messages` says beside its body. Absent values are left out. */
export interface Envelope {
  readonly tenantId: string | undefined;
  readonly attempt?: number;
  /** Of an earlier delivery that this one continues. */
  readonly origin?: Pick<Delivery, 'origin' | 'enqueuedAt'>;
  readonly isReplay?: boolean;
  readonly editedFrom?: string;
  readonly charset?: 'utf-8';
  readonly unexplained?: NonNullable<Delivery['unexplained']>;
}

type PackPorts = Pick<IngestPorts, 'raw' | 'tenants'> & { readonly maxInlineBytes: number };

/** HL7 bytes as a message for `hl7-messages`: inline, or as a claim check where they are too large for the queue. */
export async function packMessage(
  bytes: Uint8Array,
  envelope: Envelope,
  enqueuedAt: string,
  { raw, tenants, maxInlineBytes }: PackPorts,
): Promise<QueueMessage> {
  const properties = propertiesOf(envelope);
  if (bytes.byteLength <= maxInlineBytes)
    return { body: bytes, properties: { ...properties, bodyKind: 'hl7' } };
  // Bytes for a tenant that does not exist wait with the default tenant's, under whom they will be refused.
  const claimed = tenants.find(envelope.tenantId ?? tenants.defaultTenant);
  const tenantId = claimed?.id ?? tenants.defaultTenant;
  const reference = await raw.reference(tenantId, bytes);
  await raw.put(tenantId, reference, bytes, enqueuedAt);
  return {
    body: Buffer.from(JSON.stringify(reference)),
    properties: { ...properties, bodyKind: claimCheckKind },
  };
}

/** The delivered message once more, for later: same identity, one attempt more. */
export async function retryMessage(
  body: Uint8Array,
  delivery: Delivery,
  notBefore: Date,
  ports: PackPorts,
): Promise<QueueMessage> {
  const { tenantId, attempt, isReplay, editedFrom, charset, bodyKind, unexplained } = delivery;
  const envelope: Envelope = {
    tenantId,
    attempt: attempt + 1,
    origin: delivery,
    isReplay,
    ...(editedFrom !== undefined && { editedFrom }),
    ...(charset !== undefined && { charset }),
    ...(unexplained && { unexplained }),
  };
  const decoded = body.byteLength > ports.maxInlineBytes ? decodeBody(body, bodyKind) : undefined;
  if (decoded?.kind === 'hl7') {
    // With a few properties more it could exceed what the broker took the first time.
    const textOf = decoded.charset ?? charset;
    const withCharset: Envelope = textOf === undefined ? envelope : { ...envelope, charset: textOf };
    return { ...(await packMessage(decoded.bytes, withCharset, delivery.enqueuedAt, ports)), notBefore };
  }
  const properties = { ...propertiesOf(envelope), ...(bodyKind !== undefined && { bodyKind }) };
  return { body, properties, notBefore };
}

function propertiesOf(envelope: Envelope): Record<string, string | number | boolean> {
  const { tenantId, attempt, origin, isReplay, editedFrom, charset, unexplained } = envelope;
  return {
    ...(tenantId !== undefined && { tenantId }),
    ...(attempt !== undefined && { attempt }),
    ...(origin && { originMessageId: origin.origin, originEnqueuedAt: origin.enqueuedAt }),
    ...(isReplay === true && { replay: true }),
    ...(editedFrom !== undefined && { editedFrom }),
    ...(charset !== undefined && { charset }),
    // The code tells whoever finds the message among the dead letters: the broker's own reason is a count.
    ...(unexplained && { unexplained: unexplained.times, failure: unexplained.code }),
  };
}
