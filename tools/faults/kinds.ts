/**
 * The kinds of faults that are put into Bundles. They know JSON and the prose of R4, none of the definitions that a
 * validator is made of: what one of them overlooks is not overlooked here for the same reason.
 */
export type Step = string | number;

/** A value somewhere in a resource. */
export interface Place {
  readonly key: Step;
  readonly value: unknown;
  readonly parent: Readonly<Record<string, unknown>> | readonly unknown[];
  /** Name of the element, in a list the list's. */
  readonly name: string;
}

/** What is put in place of the value, or of an element `key` of it; `undefined` removes. */
export interface Change {
  readonly key?: string;
  readonly value: unknown;
}

export interface Kind {
  readonly name: string;
  /** True when R4 forbids the result wherever it stands; else it is a fault where some validator says so. */
  readonly isCertain: boolean;
  /** The ways in which it can befall a place. */
  at(place: Place): readonly Change[];
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const here = (value: unknown): Change => ({ value });
const put = (key: string, value: unknown): Change => ({ key, value });
const when = (condition: boolean, ...changes: Change[]): readonly Change[] => (condition ? changes : []);

const certain = (name: string, at: Kind['at']): Kind => ({ name, isCertain: true, at });
const possible = (name: string, at: Kind['at']): Kind => ({ name, isCertain: false, at });

const isResource = (value: unknown): value is Json =>
  isObject(value) && typeof value['resourceType'] === 'string';
const isReference = (value: unknown): value is Json =>
  isObject(value) && typeof value['reference'] === 'string';

/** Texts that may look like anything. */
const FREE_TEXT =
  /^(?:text|display|value|valueString|line|given|family|div|data|valueBase64Binary|title|name|code|version|postalCode)$/;
const isDate = ({ name, value }: Place): boolean =>
  typeof value === 'string' && /^\d{4}(?:-\d\d(?:-\d\d(?:T.*)?)?)?$/.test(value) && !FREE_TEXT.test(name);

/** Elements of type code whose value set is closed in every resource. */
const CLOSED =
  /^(?:status|gender|use|intent|comparator|method|priority|docStatus|criticality|severity|periodUnit|mode)$/;
const CHOICE =
  /^(value|effective|onset|abatement|performed|occurrence|deceased|multipleBirth|medication|timing|event|product|serviced)[A-Z]/;
const OTHERS = ['String', 'DateTime'];

const EXTENSION = 'http://example.org/fhir/StructureDefinition/x';

export const KINDS: readonly Kind[] = [
  possible('element removed', ({ parent }) => when(isObject(parent), here(undefined))),
  certain('unknown element', ({ value }) => when(isObject(value), put('nonsense', 'x'))),
  certain('other type of JSON', ({ value }) => {
    if (typeof value === 'string') return [here(5), here({ text: value }), here(true)];
    if (typeof value === 'object') return [here('x'), here(5)];
    return [here(String(value)), here([value])];
  }),
  certain('list or no list', ({ value, parent }) =>
    when(isObject(parent) && value !== null, here(Array.isArray(value) ? value[0] : [value])),
  ),
  certain('empty', ({ value }) => [
    here(typeof value === 'string' ? '' : {}),
    here(null),
    ...when(Array.isArray(value), here([])),
  ]),
  possible('blank', ({ value }) => when(typeof value === 'string', here(' '))),
  certain('control character', ({ value }) =>
    when(typeof value === 'string', here(`${String(value)}\u0000`)),
  ),
  certain('date', (place) =>
    when(
      isDate(place),
      ...['2023-02-29', '2024-13-01', '20240301', '2024-03-01T10:00:00', '2024-03-01T10:00Z', '01/03/2024']
        .concat('2024-03-01T25:00:00Z', '2024-03-01 10:00:00Z', '2024-03-01T10:00:00+0100')
        .map(here),
    ),
  ),
  certain('id', ({ key, parent }) =>
    when(key === 'id' && isResource(parent), here('a_b'), here('a/b'), here('x'.repeat(65))),
  ),
  certain('relative system', ({ key, value }) =>
    when(key === 'system' && String(value).includes(':'), here('NS'), here('http://example.org/a b')),
  ),
  certain('code of a closed set', ({ name, value }) =>
    when(CLOSED.test(name) && typeof value === 'string', here('F'), here(`${String(value)} `)),
  ),
  possible('other code', ({ value }) =>
    when(typeof value === 'string' && /^[A-Za-z][A-Za-z-]*$/.test(value), here('zz'), here('final')),
  ),
  possible('other concept', ({ key, value }) =>
    when(
      key === 'coding' && Array.isArray(value),
      here([{ system: 'http://example.org/codes', code: 'zz' }]),
      here([{ display: 'x' }]),
    ),
  ),
  possible('concept in words only', ({ value }) =>
    when(isObject(value) && Array.isArray(value['coding']), here({ text: 'x' })),
  ),
  certain('base64', ({ key, value }) =>
    when(key === 'data' && typeof value === 'string', here('JVBE!i0='), here('JVBERi0xLjQ')),
  ),
  possible('number', ({ value }) => when(typeof value === 'number', here(-1), here(1.5), here(0))),
  certain('second type of a choice', ({ value }) => {
    if (!isObject(value)) return [];
    const keys = Object.keys(value);
    return keys.flatMap((key) => {
      const choice = CHOICE.exec(key)?.[1];
      const other = choice === undefined ? undefined : OTHERS.find((type) => !keys.includes(choice + type));
      return other === undefined ? [] : [put(`${choice}${other}`, '2024')];
    });
  }),
  certain('reference', ({ value }) =>
    when(
      isReference(value),
      ...['123', 'Pat/1', 'urn:uuid:00000000-0000-5000-8000-000000000000', '#nothing', ''].map((reference) =>
        put('reference', reference),
      ),
    ),
  ),
  possible('reference to another type', ({ value }) =>
    when(
      isReference(value),
      ...['Organization/1', 'Medication/1', 'Observation/1', 'Patient/1'].map((reference) =>
        here({ reference }),
      ),
    ),
  ),
  certain('extension', ({ value }) =>
    when(
      isObject(value) && !('extension' in value) && !('url' in value),
      put('extension', [{ url: EXTENSION }]),
      put('extension', [{ valueString: 'x' }]),
      put('extension', [{ url: 'x', valueString: 'x' }]),
      put('extension', [{ url: EXTENSION, valueString: 'x', valueBoolean: true }]),
      put('extension', [{ url: EXTENSION, valueString: 'x', extension: [{ url: 'y', valueCode: 'y' }] }]),
    ),
  ),
  certain('period', ({ value }) =>
    when(
      isObject(value) && 'start' in value && !('repeat' in value) && !('participant' in value),
      put('end', '1800-01-01'),
    ),
  ),
  certain('narrative and contained resources', ({ value }) =>
    when(
      isResource(value) && value['resourceType'] !== 'Bundle',
      put('text', { status: 'generated' }),
      put('text', { status: 'generated', div: '<p>x</p>' }),
      put('contained', [{ resourceType: 'Patient', id: 'unused' }]),
      put('contained', [{ resourceType: 'Observation', id: 'x', status: 'final' }]),
      put('resourceType', 'Nonsense'),
      put('meta', { lastUpdated: '2024-03-01' }),
      put('meta', { profile: [''] }),
    ),
  ),
  certain('invariant', ({ value }) => {
    if (!isObject(value)) return [];
    const type = value['resourceType'];
    return [
      ...when(
        type === 'Observation' && Object.keys(value).some((key) => /^value[A-Z]/.test(key)),
        put('dataAbsentReason', { text: 'x' }),
      ),
      ...when(type === 'Organization' && !('identifier' in value), put('name', undefined)),
      ...when(type === 'Organization' && !('name' in value), put('identifier', undefined)),
      ...when(
        type === 'AllergyIntolerance' && 'clinicalStatus' in value,
        put('verificationStatus', {
          coding: [
            {
              system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification',
              code: 'entered-in-error',
            },
          ],
        }),
      ),
      ...when(typeof value['unit'] === 'string' && 'code' in value, put('system', undefined)),
    ];
  }),
  certain('transaction', ({ key, value, parent }) => {
    if (isResource(parent) || !isObject(value) || !isResource(value['resource'])) return [];
    return [
      put('request', undefined),
      put('resource', undefined),
      put('search', { mode: 'match' }),
      put('response', { status: '200' }),
      put('fullUrl', 'Patient/1'),
      put('fullUrl', 'urn:uuid:123'),
      put('request', { method: 'PUT', url: 'Person/none' }),
      put('request', { method: 'UPSERT', url: 'x' }),
      put('request', { method: 'POST' }),
      ...when(
        Number(key) > 0 && Array.isArray(parent),
        put('fullUrl', (parent as { fullUrl?: string }[])[0]?.fullUrl),
      ),
    ];
  }),
  certain('Bundle', ({ value }) =>
    when(
      isResource(value) && value['resourceType'] === 'Bundle',
      put('total', 5),
      put('type', 'searchset'),
      put('type', 'document'),
      put('type', 'message'),
      put('type', undefined),
    ),
  ),
];
