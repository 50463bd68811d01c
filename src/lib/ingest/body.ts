import * as z from 'zod';
import type { RejectionCode } from '../hl7';

export const claimCheckKind = 'claim-check/1';

// Strict: top-level scalars of a JSON body overwrite the trigger's metadata (the host's ApplyBindingData), so a
// body with anything else in it, say `messageId`, is no claim check.
const claimCheckSchema = z.strictObject({
  blob: z.string().min(1).max(1024),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  length: z.int().nonnegative(),
});

export type ClaimCheck = z.infer<typeof claimCheckSchema>;

export type Body =
  | { readonly kind: 'hl7'; readonly bytes: Uint8Array; readonly charset?: 'utf-8' }
  | { readonly kind: 'claim-check'; readonly check: ClaimCheck }
  | { readonly kind: 'refused'; readonly code: RejectionCode };

/** What can begin a JSON text. HL7 begins with a segment name or an MLLP start block. */
const jsonStart = /^[\s\ufeff]*["{[\-0-9tfn]/;
export const jsonStartBytes = 64;

/** Whether a body that begins so can be JSON. */
export const mayBeJson = (bytes: Buffer): boolean =>
  jsonStart.test(bytes.toString('utf8', 0, jsonStartBytes));

/**
 * The three shapes of a queue body: HL7 bytes; a JSON string literal holding HL7 (the JavaScript SDK quotes
 * strings); a claim check for bytes that lie in blob storage.
 */
export function decodeBody(bytes: Uint8Array, bodyKind: string | undefined): Body {
  const json = parseJson(bytes);
  if (bodyKind === claimCheckKind)
    return claimCheck(json?.value) ?? { kind: 'refused', code: 'CLAIM_CHECK_INVALID' };
  if (json === undefined) return { kind: 'hl7', bytes };
  if (typeof json.value === 'string') {
    return { kind: 'hl7', bytes: Buffer.from(json.value, 'utf8'), charset: 'utf-8' };
  }
  const check = bodyKind === undefined ? claimCheck(json.value) : undefined;
  return check ?? { kind: 'refused', code: 'BODY_NOT_HL7' };
}

function claimCheck(value: unknown): Body | undefined {
  const parsed = claimCheckSchema.safeParse(value);
  return parsed.success ? { kind: 'claim-check', check: parsed.data } : undefined;
}

function parseJson(bytes: Uint8Array): { readonly value: unknown } | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!mayBeJson(buffer)) return undefined;
  try {
    return { value: JSON.parse(buffer.toString('utf8')) };
  } catch {
    return undefined;
  }
}
