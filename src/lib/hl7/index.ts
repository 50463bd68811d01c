export { checkHeader, readHeader, readRawHeader } from './header';
export { rejections, type RejectionCode } from './rejections';
export { splitMessages } from './split';
export { parseMessage } from './tokenizer';
export type * from './types';
