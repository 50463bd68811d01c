import { convertMessage, Rejection, selectProfile, type SenderProfile } from '../convert';
import { validateBundle } from '../fhir';
import {
  parseMessage,
  readRawHeader,
  rejections,
  splitMessages,
  type MessageHeader,
  type RawMessage,
  type RejectionCode,
} from '../hl7';
import { allowsSender, type Tenant } from '../tenants';
import type { Interpretation } from './ports';
import { sourceTimeOf } from './source-time';
import type { Delivery, Finding } from './types';

type Context = Pick<Delivery, 'enqueuedAt' | 'charset'>;

/** Bytes to a validated Bundle, or the reason why not. Never throws: what breaks here would break every time. */
export function createInterpreter(profiles: readonly SenderProfile[]) {
  return (raw: RawMessage, tenant: Tenant, context: Context): Interpretation => {
    try {
      return interpret(raw, tenant, profiles, context);
    } catch (error) {
      if (error instanceof Rejection) return refused(error.code, raw.diagnostics, error.location);
      return refused('CONVERSION_FAILED', raw.diagnostics);
    }
  };
}

function interpret(
  found: RawMessage,
  tenant: Tenant,
  profiles: readonly SenderProfile[],
  { enqueuedAt, charset }: Context,
): Interpretation {
  const header = readRawHeader(found)?.header;
  if (header === undefined) return refused(found.problem ?? 'MSH_INVALID', found.diagnostics);
  const profile = selectProfile(profiles, tenant.id, header);
  const raw = charset === undefined ? decodeFor(found, profile) : found;
  const problem = raw.problem ?? checkSender(tenant, header);
  if (problem !== undefined) return refused(problem, raw.diagnostics);

  const message = parseMessage(raw);
  const conversion = convertMessage(message, { tenantId: tenant.id, profile });
  const issues = validateBundle(conversion.bundle);
  if (issues.length > 0) {
    // The rule's name and the FHIR path, for there is no place in the message; never a value.
    const broken = issues.map(({ rule, path }) => ({ severity: 'error', code: rule, location: path }));
    return refused('RESOURCE_INVALID', [...conversion.diagnostics, ...broken]);
  }
  return {
    kind: 'converted',
    conversion,
    profile: profile.name,
    sourceTime: sourceTimeOf(message, conversion.bundle.timestamp, enqueuedAt),
  };
}

/** Bytes without MSH-18 are read again in the character set that the sender's profile names. */
function decodeFor(raw: RawMessage, { charset }: SenderProfile): RawMessage {
  if (charset === undefined || (raw.problem !== undefined && raw.problem !== 'CHARSET_INVALID')) return raw;
  const [again, ...others] = splitMessages(raw.bytes, { defaultCharset: charset }).messages;
  return again === undefined || others.length > 0 ? raw : { ...again, index: raw.index };
}

const checkSender = (tenant: Tenant, header: MessageHeader): RejectionCode | undefined =>
  allowsSender(tenant, header) ? undefined : 'SENDER_NOT_ALLOWED';

function refused(code: RejectionCode, findings: readonly Finding[], place?: string): Interpretation {
  const { at }: { readonly text: string; readonly at?: string } = rejections[code];
  const location = place ?? at;
  return { kind: 'rejected', code, findings, ...(location !== undefined && { location }) };
}
