export { buildAck, buildBatchAck, type AckInput } from './ack';
export { checkHeader, readHeader, readRawHeader } from './header';
export { buildMessage, type OutgoingRepetition, type OutgoingSegment } from './outgoing';
export { rejections, type RejectionCode } from './rejections';
export { splitMessages } from './split';
export { parseMessage } from './tokenizer';
export type * from './types';
