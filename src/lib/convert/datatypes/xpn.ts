import type { Extension, HumanName } from 'fhir/r4';
import { nameAssemblyOrder, nameRepresentation, nameUse } from '../codemaps/patient';
import type { FieldReader } from '../reader';
import { list, set } from '../set';
import { dateTime } from './dtm';
import { period } from './dr';

/** Where the parts of a name sit: XPN starts at 1, XCN carries its id in 1 and starts at 2. */
interface NameLayout {
  readonly family: number;
  readonly use: number;
  readonly validity: number;
  readonly effective: number;
  readonly professionalSuffix: number;
  readonly representation: number;
  readonly order: number;
}

const xpn: NameLayout = {
  family: 1,
  use: 7,
  representation: 8,
  validity: 10,
  order: 11,
  effective: 12,
  professionalSuffix: 14,
};
const xcn: NameLayout = {
  family: 2,
  use: 10,
  representation: 15,
  validity: 17,
  order: 18,
  effective: 19,
  professionalSuffix: 21,
};

export const humanName = (field: FieldReader | undefined): HumanName | undefined => name(field, xpn);
export const clinicianName = (field: FieldReader | undefined): HumanName | undefined => name(field, xcn);

const hl7 = 'http://hl7.org/fhir/StructureDefinition';

/** FN subcomponents 2-5: prefix and name of one's own, prefix and name of the partner. */
const familyParts = [
  [2, 'humanname-own-prefix'],
  [3, 'humanname-own-name'],
  [4, 'humanname-partner-prefix'],
  [5, 'humanname-partner-name'],
] as const;

function name(field: FieldReader | undefined, layout: NameLayout): HumanName | undefined {
  if (field === undefined) return undefined;
  const at = layout.family;
  const result: HumanName = {};
  set(result, 'use', nameUse(field.code(layout.use)));
  set(result, 'family', field.get(at));
  addFamilyParts(result, field, at);
  set(result, 'given', list([field.get(at + 1), field.get(at + 2)]));
  const suffix = list([field.get(at + 3), field.get(at + 5), field.get(layout.professionalSuffix)]);
  set(result, 'prefix', list([field.get(at + 4)]));
  set(result, 'suffix', suffix);
  if (!hasName(result)) return undefined;
  const extension = presentation(field, layout);
  if (extension.length > 0) result.extension = extension;
  set(result, 'period', validity(field, layout));
  return result;
}

/** How the name is written and in which order it is shown. */
function presentation(field: FieldReader, layout: NameLayout): Extension[] {
  if (field.repetition.componentCount < layout.representation) return [];
  const script = known(field, layout.representation, nameRepresentation);
  const order = known(field, layout.order, nameAssemblyOrder);
  return [
    ...(script === undefined ? [] : [{ url: `${hl7}/iso21090-EN-representation`, valueCode: script }]),
    ...(order === undefined ? [] : [{ url: `${hl7}/humanname-assembly-order`, valueCode: order }]),
  ];
}

/** A code outside its table is not read: the ledger says that it stays in the raw message. */
function known(
  field: FieldReader,
  component: number,
  map: (code: string | undefined) => string | undefined,
): string | undefined {
  const code = map(field.repetition.get(component)?.trim().toUpperCase());
  return code === undefined ? undefined : map(field.code(component)?.toUpperCase());
}

const hasName = (name: HumanName): boolean =>
  (name.family ?? name.given ?? name.prefix ?? name.suffix) !== undefined;

/** `van&der&Berg` and partner names; the whole surname is already in subcomponent 1. */
function addFamilyParts(result: HumanName, field: FieldReader, at: number): void {
  if (field.repetition.component(at).subcomponentCount === 1) return;
  const extension = familyParts.flatMap(([sub, url]) => {
    const valueString = field.get(at, sub);
    return valueString === undefined ? [] : [{ url: `${hl7}/${url}`, valueString }];
  });
  if (extension.length === 0) return;
  result._family = { extension };
  result.family ??= extension.map(({ valueString }) => valueString).join(' ');
}

function validity(field: FieldReader, layout: NameLayout): HumanName['period'] {
  if (field.repetition.componentCount < layout.validity) return undefined;
  const ends = period(dateTime(field, layout.effective), dateTime(field, layout.effective + 1), field);
  return ends ?? rangeIn(field, layout.validity);
}

/** A DR inside a component has its ends as subcomponents; some send only its start. */
function rangeIn(field: FieldReader, component: number): HumanName['period'] {
  const start = dateTime(field, component);
  return start === undefined ? undefined : { start };
}

/** A name as a line of text, in the order given names, family name. */
export function nameText(name: HumanName): string {
  const parts = [...(name.prefix ?? []), ...(name.given ?? []), name.family, ...(name.suffix ?? [])];
  return parts.filter((part) => part !== undefined).join(' ');
}
