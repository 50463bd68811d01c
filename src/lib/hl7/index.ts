export { buildAck, buildBatchAck, type AckError, type AckInput, type BatchAckInput } from './ack';
export { checkHeader, readHeader, readRawHeader } from './header';
export {
  buildMessage,
  type OutgoingComponent,
  type OutgoingField,
  type OutgoingRepetition,
  type OutgoingSegment,
} from './outgoing';
export { rejections, type RejectionCode } from './rejections';
export { splitMessages } from './split';
export { parseMessage } from './tokenizer';
export type * from './types';
