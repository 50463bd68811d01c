import * as z from 'zod';
import { claimCheckKind } from './body';
import type { Delivery } from './types';

/** A property of the wrong type says nothing, as if it were absent; only an unusable tenant id is kept as a claim. */
const optional = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);
const instant = z.union([z.string(), z.date()]).transform((value, context) => {
  const time = new Date(value);
  if (Number.isNaN(time.getTime())) context.addIssue('not an instant');
  return time;
});

const propertiesSchema = z
  .object({
    tenantId: z.unknown().optional(),
    bodyKind: optional(z.enum(['hl7', claimCheckKind])),
    attempt: optional(z.coerce.number().int().nonnegative()),
    originMessageId: optional(z.string().min(1).max(128)),
    originEnqueuedAt: optional(instant),
    replay: optional(z.boolean()),
    editedFrom: optional(z.string().min(1).max(128)),
    charset: optional(z.literal('utf-8')),
    unexplained: optional(z.coerce.number().int().positive()),
    failure: optional(z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/)),
  })
  .catch({});

const metadataSchema = z.object({
  messageId: optional(z.string().min(1)),
  sequenceNumber: optional(z.union([z.string(), z.number()]).transform(String)),
  enqueuedTimeUtc: optional(instant),
  applicationProperties: propertiesSchema,
});

/** The broker's metadata as the Functions library hands it over (first letters in lower case, recursively). */
export function readDelivery(metadata: unknown, now: Date): Delivery {
  const { messageId, sequenceNumber, enqueuedTimeUtc, applicationProperties } = metadataSchema.parse(
    metadata ?? {},
  );
  const { tenantId, bodyKind, attempt, originMessageId, originEnqueuedAt, replay, editedFrom, charset } =
    applicationProperties;
  const { unexplained: times, failure: code } = applicationProperties;
  return {
    // Not every sender sets a message id; the sequence number is the broker's own.
    origin: originMessageId ?? messageId ?? `sequence:${sequenceNumber ?? 'unknown'}`,
    enqueuedAt: (originEnqueuedAt ?? enqueuedTimeUtc ?? now).toISOString(),
    attempt: attempt ?? 0,
    isReplay: replay === true,
    ...(tenantId !== undefined && tenantId !== null && { tenantId: String(tenantId) }),
    ...(bodyKind !== undefined && { bodyKind }),
    ...(editedFrom !== undefined && { editedFrom }),
    ...(charset !== undefined && { charset }),
    ...(times !== undefined && code !== undefined && { unexplained: { times, code } }),
  };
}
