import type { CodeableConcept, Coding } from 'fhir/r4';
import type { FieldReader } from '../reader';
import { set } from '../set';
import { terminology } from '../codemaps/table';

export interface CodedOptions {
  /** HL7 table of the field, e.g. `0007`: the system of a code that is sent without one. */
  readonly table?: string;
  /** Code map of the field's table: the mapped code comes first, an original that differs stays beside it. */
  readonly map?: (code: string | undefined) => Coding | undefined;
}

/** R4 `code`: no blanks at the ends, single blanks inside. */
const asCode = (text: string): string => (/\s/.test(text) ? text.trim().replace(/\s+/g, ' ') : text);

/** CWE, CE, CNE, CF, IS and ID: up to three codings and a text (v2.5.1 ch. 2.A.13; `code^text^system` three times). */
export function codeableConcept(
  field: FieldReader | undefined,
  options: CodedOptions = {},
): CodeableConcept | undefined {
  if (field === undefined) return undefined;
  const codings: Coding[] = [];
  /** The sender's words for a code whose display the map knows differently. */
  let shown: string | undefined;
  const first = coding(field, 1, options);
  if (first !== undefined) {
    const mapped = isFromTable(field, 3, options) ? options.map?.(first.code) : undefined;
    if (mapped !== undefined) codings.push(mapped);
    if (mapped?.code !== first.code) codings.push(first);
    else if (first.display !== mapped?.display) shown = first.display;
  }
  const text = field.get(9) ?? shown;
  if (field.repetition.componentCount > 3) {
    const second = coding(field, 4, {});
    const third = coding(field, 10, {});
    if (second !== undefined) codings.push(second);
    if (third !== undefined) codings.push(third);
  }
  const result: CodeableConcept = {};
  if (codings.length > 0) result.coding = codings;
  set(result, 'text', text ?? (codings.length === 0 ? (field.get(2) ?? field.get(5)) : undefined));
  return result.coding === undefined && result.text === undefined ? undefined : result;
}

/** Components of a triplet's system version and of its OID. */
const since27 = {
  1: { version: 7, oid: 14 },
  4: { version: 8, oid: 17 },
  10: { version: 13, oid: 20 },
} as const;

/** The coding of one triplet: 1-3 (version 7), 4-6 (8) or 10-12 (13). A text without a code is no coding. */
function coding(field: FieldReader, at: 1 | 4 | 10, options: CodedOptions): Coding | undefined {
  const code = field.get(at);
  const display = field.get(at + 1);
  const { version, oid } = since27[at];
  const hasOid = field.repetition.componentCount >= oid;
  // Since v2.7 the system's OID may stand beside its name; it speaks where the name is missing.
  const systemId = field.code(at + 2) ?? (hasOid ? field.code(oid) : undefined);
  if (hasOid) field.code(oid);
  const edition = field.get(version);
  if (code === undefined) return undefined;
  const result: Coding = {};
  if (systemId !== undefined) {
    result.system = field.sender.codeSystem(systemId);
    set(result, 'version', edition);
  } else if (options.table !== undefined) {
    result.system = `${terminology}/v2-${options.table}`;
  }
  result.code = asCode(code);
  set(result, 'display', display);
  return result;
}

/** True when the code is of the field's own table: said so, or nothing said. */
function isFromTable(field: FieldReader, systemComponent: number, options: CodedOptions): boolean {
  const systemId = field.code(systemComponent);
  return systemId === undefined || systemId === `HL7${options.table}`;
}

/** The same as one Coding, for elements that take no CodeableConcept. */
export function codingOf(field: FieldReader | undefined, options: CodedOptions = {}): Coding | undefined {
  const concept = codeableConcept(field, options);
  const first = concept?.coding?.[0];
  if (first !== undefined) return first;
  return concept?.text === undefined ? undefined : { display: concept.text };
}
