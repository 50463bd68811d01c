import type { Attachment } from 'fhir/r4';
import { contentType } from '../codemaps/media-types';
import type { FieldReader } from '../reader';

// No repeated groups: on megabytes of data they exhaust the stack of the regular expression engine.
const base64 = /^[A-Za-z0-9+/]*={0,2}$/;
const hex = /^[0-9a-f]+$/i;

/** ED: source application, type, subtype, encoding (A, Hex or Base64), data. */
export function encapsulatedData(field: FieldReader): Attachment | undefined {
  const data = field.data(5);
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
  // R4 att-1 wants a type with data; octet-stream is RFC 2046's word for "not known".
  result.contentType = contentType(field.code(2), field.code(3)) ?? 'application/octet-stream';
  result.data = encoded;
  return result;
}

function encode(data: string, encoding: string | undefined): string | undefined {
  switch (encoding) {
    case 'BASE64': {
      const compact = data.replace(/\s+/g, '');
      const padded = compact.includes('=') ? compact : compact.padEnd(Math.ceil(compact.length / 4) * 4, '=');
      return padded.length % 4 === 0 && base64.test(padded) ? padded : undefined;
    }
    case 'HEX':
      return data.length % 2 === 0 && hex.test(data)
        ? Buffer.from(data, 'hex').toString('base64')
        : undefined;
    case 'A':
    case undefined:
      return Buffer.from(data, 'utf8').toString('base64');
    default:
      return undefined;
  }
}
