export { buildAck, buildBatchAck, type AckInput } from './ack';
export { acknowledgementCode } from './ack-mode';
export { checkHeader, readHeader, readRawHeader } from './header';
export { buildMessage, type OutgoingRepetition, type OutgoingSegment } from './outgoing';
export { rejections, type RejectionCode } from './rejections';
export { splitMessages, splitStream } from './split';
export { parseMessage } from './tokenizer';
export type * from './types';
