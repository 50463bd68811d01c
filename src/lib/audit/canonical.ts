import { MedrelayError } from '../errors';

/**
 * JSON Canonicalization Scheme (RFC 8785) for what an audit document may hold: text, integers, booleans, null,
 * arrays and plain objects. Without fractions the number rules of RFC 8785 section 3.2.2.3 shrink to "digits", so
 * thirty lines replace a dependency; npm's `canonicalize` is ESM-only from its version 3 on.
 * A member that is undefined is absent, as in JSON.stringify.
 */
export function canonicalJson(value: unknown): string {
  return write(value, 'its top');
}

/** The members of an object with their canonical text. What several objects share is written once. */
export type CanonicalMembers = readonly (readonly [name: string, text: string])[];

export function canonicalMembers(value: object): CanonicalMembers {
  const members: [string, string][] = [];
  for (const [name, member] of Object.entries(value))
    if (member !== undefined) members.push([name, write(member, name)]);
  return members;
}

/** RFC 8785 section 3.2.3: sorted by UTF-16 code units, which is what `<` compares. */
export function canonicalObject(members: CanonicalMembers): string {
  const sorted = [...members].sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([name, text]) => `${writeString(name, 'its top')}:${text}`).join(',')}}`;
}

/** `at` names the nearest member, for the error message. */
function write(value: unknown, at: string): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return writeString(value, at);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw unfit(at, 'holds a number that is not a safe integer');
    return String(value === 0 ? 0 : value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => write(item, at)).join(',')}]`;
  if (typeof value === 'object' && isPlain(value)) {
    const members: string[] = [];
    // RFC 8785 section 3.2.3: by UTF-16 code units, which is what `sort` compares.
    for (const name of Object.keys(value).sort()) {
      const member = value[name];
      if (member !== undefined) members.push(`${writeString(name, at)}:${write(member, name)}`);
    }
    return `{${members.join(',')}}`;
  }
  throw unfit(at, `holds a ${typeof value}`);
}

function writeString(text: string, at: string): string {
  if (!isWellFormed(text)) throw unfit(at, 'holds half a surrogate pair, which UTF-8 cannot carry');
  return JSON.stringify(text);
}

export function isWellFormed(text: string): boolean {
  // The first test is the quick one; the second, by code points, sees only halves.
  return !/[\ud800-\udfff]/.test(text) || !/\p{Surrogate}/u.test(text);
}

function isPlain(value: object): value is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function unfit(at: string, why: string): MedrelayError {
  return new MedrelayError('AUDIT_EVENT_INVALID', `The audit event ${why} in ${at}.`);
}
