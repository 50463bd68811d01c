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

/** The members of an object, each as its canonical text `"name":value`. What several objects share is written once. */
export type CanonicalMembers = readonly string[];

/** For objects whose names are ASCII letters and digits. */
export function canonicalMembers(value: object): CanonicalMembers {
  const members: string[] = [];
  for (const [name, member] of Object.entries(value))
    if (member !== undefined) members.push(`"${name}":${write(member, name)}`);
  return members;
}

/** RFC 8785 section 3.2.3: by UTF-16 code units. The quote that ends a name sorts before every letter and digit. */
export const canonicalObject = (...members: readonly CanonicalMembers[]): string =>
  `{${members.flat().sort().join(',')}}`;

/** `at` names the nearest member, for the error message. */
function write(value: unknown, at: string): string {
  if (typeof value === 'string') return writeString(value, at);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw unfit(at, 'holds a number that is not a safe integer');
    return String(value === 0 ? 0 : value);
  }
  if (Array.isArray(value)) {
    let items = '';
    for (const item of value) items += `${items === '' ? '' : ','}${write(item, at)}`;
    return `[${items}]`;
  }
  if (typeof value === 'object' && isPlain(value)) {
    let members = '';
    for (const name of inOrder(Object.keys(value))) {
      const member = value[name];
      if (member === undefined) continue;
      members += `${members === '' ? '' : ','}${writeString(name, at)}:${write(member, name)}`;
    }
    return `{${members}}`;
  }
  throw unfit(at, `holds a ${typeof value}`);
}

/** RFC 8785 section 3.2.3: by UTF-16 code units, as `<` and `sort` compare. Our own objects are made in that order. */
function inOrder(names: string[]): string[] {
  for (let i = 1; i < names.length; i++) if ((names[i - 1] ?? '') > (names[i] ?? '')) return names.sort();
  return names;
}

/** Nearly everything: nothing to escape, nothing beyond ASCII. */
const PLAIN = /^[ !#-[\]-~]*$/;

function writeString(text: string, at: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
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
