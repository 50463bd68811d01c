import { checkHeader, readHeader, type Hl7Message, type MessageHeader } from '../hl7';
import { MedrelayError } from '../errors';
import { deletionsOf, makeBundle } from './bundle';
import { MessageLedger } from './ledger';
import { parseGroups } from './messages/grammar';
import { eventOf, selectConverter, type Selected } from './messages/select';
import { Scope } from './scope';
import { mapEvn } from './segments/evn';
import { readMsh } from './segments/msh';
import { mapZSegment } from './segments/zxx';
import { Rejection, type Conversion, type ConvertContext } from './types';

/**
 * One message to one transaction Bundle: pure, so the same message under the same context gives the same bytes.
 * Throws a Rejection where the message cannot become one.
 */
export function convertMessage(message: Hl7Message, context: ConvertContext): Conversion {
  const header = readHeader(message);
  const event = eventOf(message, header);
  const selected = accept(header, event, context);
  const scope = new Scope(message, header, event, context);
  try {
    return convertWith(selected, scope);
  } catch (error) {
    if (error instanceof MedrelayError) throw error;
    throw new Rejection('CONVERSION_FAILED', undefined, error);
  }
}

function accept(header: MessageHeader, event: string, { profile }: ConvertContext): Selected {
  const problem = checkHeader(header);
  if (problem !== undefined) throw new Rejection(problem);
  const selected = selectConverter(header, event, profile);
  const { processingIds } = profile;
  if (header.processingId !== '' && !processingIds.some((id) => id === header.processingId.toUpperCase())) {
    throw new Rejection('PROCESSING_ID');
  }
  return selected;
}

function convertWith({ converter, isGeneric }: Selected, scope: Scope): Conversion {
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
  if (isGeneric) {
    findings.add({
      severity: 'warning',
      code: 'EVENT_GENERIC',
      location: 'MSH[1]-9',
      safeMessage:
        'The trigger event is not known; by the sender profile only what the message states was taken.',
    });
  }
  const { root, unknown } = parseGroups(converter.structure, message);
  const targets = converter.convert(root, scope);
  for (const segment of unknown) {
    if (mapZSegment(segment, scope)) continue;
    findings.add({
      severity: segment.name.startsWith('Z') ? 'info' : 'warning',
      code: 'SEGMENT_UNKNOWN',
      location: `${segment.name}[${segment.occurrence}]`,
      safeMessage: 'The structure of this event has no such segment; it stays in the raw message.',
    });
  }
  mapEvn(message.first('EVN'), scope, timestamp, targets);
  const bundle = makeBundle(scope, timestamp);
  return {
    bundle,
    deletions: deletionsOf(scope),
    mentions: [...scope.mentions],
    moves: scope.moves,
    ledger: new MessageLedger(message, scope.readers),
    diagnostics: [...message.diagnostics, ...findings.all],
  };
}
