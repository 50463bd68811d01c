import { hash } from 'node:crypto';
import type { MessageHeader } from '../hl7';

/** The project's own UUID namespace (RFC 9562 section 5.5). Changing it changes every id ever given out. */
const namespace = Buffer.from('7d1c9b0e5a3f4c52b1d86e0f2a947c31', 'hex');
/** The namespace and room for a name: a message has dozens of ids, and a buffer for each costs as much as the hash. */
const scratch = Buffer.concat([namespace], 1024);

export function uuidV5(name: string): string {
  // No character has more than three bytes in UTF-8.
  const bytes =
    16 + 3 * name.length <= scratch.length
      ? scratch.subarray(0, 16 + scratch.write(name, 16))
      : Buffer.concat([namespace, Buffer.from(name)]);
  const hex = hash('sha1', bytes, 'hex');
  const variant = '89ab'.charAt(Number.parseInt(hex.charAt(16), 16) & 3);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Joins parts so that different parts never give the same key: `|` and `\` inside a part are escaped. */
export function joinKey(...parts: readonly string[]): string {
  let key = '';
  for (let i = 0; i < parts.length; i++)
    key += i === 0 ? escapePart(parts[i] ?? '') : `|${escapePart(parts[i] ?? '')}`;
  return key;
}

function escapePart(part: string): string {
  if (!part.includes('|') && !part.includes('\\')) return part;
  return part.replaceAll('\\', '\\\\').replaceAll('|', '\\|');
}

/** `kind` says what the key identifies, mostly a FHIR resource type; a replay of the same key gives the same id. */
export function resourceId(tenantId: string, kind: string, businessKey: string): string {
  return uuidV5(`${escapePart(tenantId)}|${kind}|${businessKey}`);
}

/** A control id (MSH-10) is unique per sender only, so the key holds tenant, MSH-3, MSH-4 and MSH-10. */
export function messageIdentity(tenantId: string, header: MessageHeader): { key: string; id: string } {
  const { sendingApplication, sendingFacility, controlId } = header;
  const key = joinKey(tenantId, sendingApplication, sendingFacility, controlId);
  return { key, id: uuidV5(`message|${key}`) };
}

/** Percent-encoding that also takes lone surrogates, which `encodeURIComponent` refuses. */
export const encodePart = (part: string): string => encodeURIComponent(Buffer.from(part).toString());

/**
 * `urn:medrelay:<tenant>:<part>:...`, the naming system of things that have no better authority. One part names an
 * authority of the tenant (an HL7 namespace id), two name a sender (MSH-3, MSH-4). Escaping keeps parts apart.
 */
export function localSystem(tenantId: string, ...parts: readonly string[]): string {
  return ['urn:medrelay', tenantId, ...parts].map((part, i) => (i === 0 ? part : encodePart(part))).join(':');
}
