import { checkHeader, readHeader, type Hl7Message, type MessageHeader } from '../hl7';
import { MedrelayError } from '../errors';
import { deletionsOf, makeBundle } from './bundle';
import { MessageLedger } from './ledger';
import { convertAdt } from './messages/adt';
import { parseGroups, type Group, type Structure } from './messages/grammar';
import { convertOru } from './messages/oru';
import { ADT_A01, ADT_A03, ORU_R01 } from './messages/structures';
import { Scope } from './scope';
import { mapEvn } from './segments/evn';
import { readMsh } from './segments/msh';
import { Rejection, type Conversion, type ConvertContext } from './types';
import type { Reference } from 'fhir/r4';

interface Converter {
  readonly structure: Structure;
  convert(root: Group, scope: Scope): Reference[];
}

const admission: Converter = { structure: ADT_A01, convert: convertAdt };
const converters = new Map<string, ReadonlyMap<string, Converter>>([
  [
    'ADT',
    new Map([
      ['A01', admission],
      ['A03', { structure: ADT_A03, convert: convertAdt }],
      ['A04', admission],
      ['A08', admission],
    ]),
  ],
  // v2.1 had no trigger events: its ORU is what became R01.
  ['ORU', new Map(['R01', ''].map((event) => [event, { structure: ORU_R01, convert: convertOru }]))],
]);

/**
 * One message to one transaction Bundle: pure, so the same message under the same context gives the same bytes.
 * Throws a Rejection where the message cannot become one.
 */
export function convertMessage(message: Hl7Message, context: ConvertContext): Conversion {
  const header = readHeader(message);
  const converter = accept(header, context);
  const scope = new Scope(message, header, context);
  try {
    return convertWith(converter, scope);
  } catch (error) {
    if (error instanceof MedrelayError) throw error;
    throw new Rejection('CONVERSION_FAILED', undefined, error);
  }
}

function accept(header: MessageHeader, context: ConvertContext): Converter {
  const problem = checkHeader(header);
  if (problem !== undefined) throw new Rejection(problem, headerLocation[problem]);
  const events = converters.get(header.messageCode);
  if (events === undefined) throw new Rejection('UNSUPPORTED_MESSAGE_TYPE', 'MSH[1]-9[1].1');
  const converter = events.get(header.triggerEvent);
  if (converter === undefined) throw new Rejection('UNSUPPORTED_EVENT', 'MSH[1]-9[1].2');
  const { processingIds } = context.profile;
  if (header.processingId !== '' && !processingIds.some((id) => id === header.processingId.toUpperCase())) {
    throw new Rejection('PROCESSING_ID', 'MSH[1]-11');
  }
  return converter;
}

const headerLocation: Readonly<Partial<Record<string, string>>> = {
  NO_MESSAGE_TYPE: 'MSH[1]-9',
  NO_CONTROL_ID: 'MSH[1]-10',
  UNSUPPORTED_VERSION: 'MSH[1]-12',
};

function convertWith({ structure, convert }: Converter, scope: Scope): Conversion {
  const { message, findings, header } = scope;
  const { timestamp } = readMsh(message.msh, scope);
  if (header.processingId === '') {
    findings.add({
      severity: 'info',
      code: 'PROCESSING_ID_MISSING',
      location: 'MSH[1]-11',
      safeMessage: 'MSH-11 is empty; the message was taken as production data.',
    });
  }
  const { root, unknown } = parseGroups(structure, message);
  for (const segment of unknown) {
    findings.add({
      severity: segment.name.startsWith('Z') ? 'info' : 'warning',
      code: 'SEGMENT_UNKNOWN',
      location: `${segment.name}[${segment.occurrence}]`,
      safeMessage: 'The structure of this event has no such segment; it stays in the raw message.',
    });
  }
  const targets = convert(root, scope);
  mapEvn(message.first('EVN'), scope, timestamp, targets);
  const bundle = makeBundle(scope, timestamp);
  return {
    bundle,
    deletions: deletionsOf(scope),
    mentions: [...scope.mentions],
    ledger: new MessageLedger(message, scope.readers),
    diagnostics: [...message.diagnostics, ...findings.all],
  };
}
