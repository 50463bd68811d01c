/** Why a value is not of its primitive type. Constants, so that a fault costs nothing to describe and quotes nothing. */
export interface Fault {
  readonly rule: 'json-type' | 'format';
  readonly safeMessage: string;
}

export type Format = (value: unknown) => Fault | undefined;

const fault = (rule: Fault['rule'], safeMessage: string): Fault => ({ rule, safeMessage });

const NOT_A_STRING = fault('json-type', 'must be a JSON string');
const NOT_A_NUMBER = fault('json-type', 'must be a JSON number');
const NOT_A_BOOLEAN = fault('json-type', 'must be true or false');
const EMPTY = fault('format', 'must not be empty');
const BLANK = fault('format', 'must not be blank');
const UNPRINTABLE = fault('format', 'holds a control character or half a surrogate pair');
const TOO_LONG = fault('format', 'is longer than 1 MB');

// R4 datatypes.html, string: no characters below U+0020 except tab, CR and LF; at most 1 MB. A lone surrogate has no UTF-8.

const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;
const SURROGATE = /[\ud800-\udfff]/;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const MAX_STRING = 1024 * 1024;

function textual(value: unknown): Fault | undefined {
  if (typeof value !== 'string') return NOT_A_STRING;
  if (value === '') return EMPTY;
  if (CONTROL.test(value) || (SURROGATE.test(value) && LONE_SURROGATE.test(value))) return UNPRINTABLE;
  return undefined;
}

const limited = (value: unknown): Fault | undefined =>
  textual(value) ?? ((value as string).length > MAX_STRING ? TOO_LONG : undefined);

const string: Format = (value) => limited(value) ?? (/\S/.test(value as string) ? undefined : BLANK);

/** Formats of a few characters: the length is looked at first, so that no pattern ever runs on a hostile megabyte. */
const short = (isValid: (value: string) => boolean, safeMessage: string): Format => {
  const bad = fault('format', safeMessage);
  return (value) =>
    textual(value) ?? ((value as string).length <= 256 && isValid(value as string) ? undefined : bad);
};

const YEAR = '(?!0000)[0-9]{4}';
const MONTH = '(?:0[1-9]|1[0-2])';
const DAY = '(?:0[1-9]|[12][0-9]|3[01])';
const TIME = '(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\\.[0-9]+)?';
const ZONE = '(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))';
const DATE = new RegExp(`^${YEAR}(?:-${MONTH}(?:-${DAY})?)?$`);
const INSTANT = new RegExp(`^${YEAR}-${MONTH}-${DAY}T${TIME}${ZONE}$`);
const TIME_OF_DAY = new RegExp(`^${TIME}$`);

/** The patterns admit 31 April and 29 February of any year. */
function isOnCalendar(value: string): boolean {
  if (value.length < 10) return true;
  const day = Number(value.slice(8, 10));
  if (day <= 28) return true;
  return day <= new Date(Date.UTC(Number(value.slice(0, 4)), Number(value.slice(5, 7)), 0)).getUTCDate();
}

const isDate = (value: string): boolean => DATE.test(value) && isOnCalendar(value);
const isInstant = (value: string): boolean => INSTANT.test(value) && isOnCalendar(value);

const UUID = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const OID = /^urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+$/;
const ID = /^[A-Za-z0-9\-.]{1,64}$/;
const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:./;

const isUuid = (value: string): boolean => UUID.test(value);
const isOid = (value: string): boolean => value.length <= 256 && OID.test(value);
export const isId = (value: string): boolean => ID.test(value);
export const isAbsoluteUri = (value: string): boolean => ABSOLUTE.test(value);

const BLANK_IN_URI = fault('format', 'a URI holds no blanks');
const BAD_URN = fault('format', 'must be urn:oid: or urn:uuid: with a well-formed, lower-case identifier');
const uri: Format = (value) => {
  const bad = limited(value);
  if (bad) return bad;
  const given = value as string;
  if (/\s/.test(given)) return BLANK_IN_URI;
  if (given.startsWith('urn:uuid:') && !isUuid(given)) return BAD_URN;
  if (given.startsWith('urn:oid:') && !isOid(given)) return BAD_URN;
  return undefined;
};

const BAD_CODE = fault('format', 'a code has no leading, trailing or double blanks');
const code: Format = (value) =>
  limited(value) ?? (/^\s|\s\s|\s$/.test(value as string) ? BAD_CODE : undefined);

const BAD_BASE64 = fault('format', 'is not base64');
const base64Binary: Format = (value) => {
  const bad = textual(value);
  if (bad) return bad;
  const given = value as string;
  const dense = /\s/.test(given) ? given.replace(/\s+/g, '') : given;
  const padding = dense.indexOf('=');
  const wellPadded = padding === -1 || /^={1,2}$/.test(dense.slice(padding));
  return dense !== '' && dense.length % 4 === 0 && wellPadded && !/[^A-Za-z0-9+/=]/.test(dense)
    ? undefined
    : BAD_BASE64;
};

const integer = (min: number): Format => {
  const bad = fault('format', `must be a whole number from ${min} to 2147483647`);
  return (value) => {
    if (typeof value !== 'number') return NOT_A_NUMBER;
    return Number.isInteger(value) && value >= min && value <= 2147483647 ? undefined : bad;
  };
};

const NOT_FINITE = fault('format', 'must be a finite number');
const decimal: Format = (value) => {
  if (typeof value !== 'number') return NOT_A_NUMBER;
  return Number.isFinite(value) ? undefined : NOT_FINITE;
};

/** By name of the primitive type (R4 datatypes.html). */
export const formats: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['base64Binary', base64Binary],
  ['boolean', (value) => (typeof value === 'boolean' ? undefined : NOT_A_BOOLEAN)],
  ['canonical', uri],
  ['code', code],
  ['date', short(isDate, 'is not a real date YYYY, YYYY-MM or YYYY-MM-DD')],
  [
    'dateTime',
    short(
      (value) => isDate(value) || isInstant(value),
      'is not a real date, or a date and time with seconds and zone',
    ),
  ],
  ['decimal', decimal],
  ['id', short(isId, 'an id has 1 to 64 of the characters A-Z a-z 0-9 - .')],
  ['instant', short(isInstant, 'is not a real date and time with seconds and zone')],
  ['integer', integer(-2147483648)],
  ['markdown', string],
  ['oid', short(isOid, 'must be urn:oid: and a dotted number')],
  ['positiveInt', integer(1)],
  ['string', string],
  ['time', short((value) => TIME_OF_DAY.test(value), 'is not a time hh:mm:ss without zone')],
  ['unsignedInt', integer(0)],
  ['uri', uri],
  ['url', uri],
  ['uuid', short(isUuid, 'must be urn:uuid: and a lower-case UUID')],
  ['xhtml', string],
]);
