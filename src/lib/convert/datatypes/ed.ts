import type { Attachment } from 'fhir/r4';
import { contentType } from '../codemaps/media-types';
import type { FieldReader } from '../reader';
import { set } from '../set';

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** ED: source application, type, subtype, encoding (A, Hex or Base64), data. */
export function encapsulatedData(field: FieldReader): Attachment | undefined {
  const data = field.get(5);
  if (data === undefined) return undefined;
  field.get(1);
  const encoded = encode(data, field.code(4)?.toUpperCase());
  if (encoded === undefined) {
    return field.refuse(
      'ED_INVALID',
      'The data (ED-5) does not fit its encoding (ED-4); it was kept as sent.',
    );
  }
  const result: Attachment = {};
  set(result, 'contentType', contentType(field.code(2), field.code(3)));
  result.data = encoded;
  return result;
}

function encode(data: string, encoding: string | undefined): string | undefined {
  switch (encoding) {
    case 'BASE64': {
      const compact = data.replace(/\s+/g, '');
      const padded = compact.includes('=') ? compact : compact.padEnd(Math.ceil(compact.length / 4) * 4, '=');
      return base64.test(padded) ? padded : undefined;
    }
    case 'HEX':
      return /^(?:[0-9a-f]{2})+$/i.test(data) ? Buffer.from(data, 'hex').toString('base64') : undefined;
    case 'A':
    case undefined:
      return Buffer.from(data, 'utf8').toString('base64');
    default:
      return undefined;
  }
}
