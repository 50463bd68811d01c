import { table } from './table';

/** HL7 table 0291 (subtype of data) and names met in its place, to media types. */
const mediaSubtype = table<string>({
  PDF: 'application/pdf',
  RTF: 'application/rtf',
  XML: 'application/xml',
  JSON: 'application/json',
  'OCTET-STREAM': 'application/octet-stream',
  'X-HL7-CDA-LEVEL-ONE': 'application/x-hl7-cda-level-one',
  DICOM: 'application/dicom',
  HTML: 'text/html',
  SGML: 'text/sgml',
  PLAIN: 'text/plain',
  TEXT: 'text/plain',
  JPEG: 'image/jpeg',
  JPG: 'image/jpeg',
  PNG: 'image/png',
  GIF: 'image/gif',
  TIFF: 'image/tiff',
  TIF: 'image/tiff',
  PICT: 'image/x-pict',
  BASIC: 'audio/basic',
});

/** HL7 table 0191 (type of data) where no subtype is sent. */
const mediaType = table<string>({ TEXT: 'text/plain', TX: 'text/plain', FT: 'text/plain' });

const shape = /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/;

/** Media type of an ED or RP: a full media type as sent, a known subtype, or the type's default. */
export function contentType(type: string | undefined, subtype: string | undefined): string | undefined {
  for (const name of [subtype, type]) {
    if (name !== undefined && shape.test(name.toLowerCase())) return name.toLowerCase();
  }
  return (
    mediaSubtype(subtype?.toUpperCase()) ??
    mediaType(type?.toUpperCase()) ??
    mediaSubtype(type?.toUpperCase())
  );
}
