import type { Attachment } from 'fhir/r4';
import { contentType } from '../codemaps/media-types';
import type { FieldReader } from '../reader';
import { set } from '../set';

/** RP: pointer, application, type, subtype. A pointer is carried as sent; whether it resolves is for the reader. */
export function referencePointer(field: FieldReader): Attachment | undefined {
  const url = field.code(1);
  if (url === undefined) return undefined;
  if (/\s/.test(url)) return field.refuse('RP_INVALID', 'The pointer (RP-1) is no URL; it was kept as sent.');
  const result: Attachment = {};
  set(result, 'contentType', contentType(field.code(3), field.code(4)));
  result.url = url;
  field.get(2);
  return result;
}
