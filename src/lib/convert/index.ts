export { convertMessage } from './convert';
export { messageIdentity, resourceId, uuidV5 } from './identity';
export { defaultProfile, selectProfile, senderProfileSchema, type SenderProfile } from './profile';
export {
  Rejection,
  type Conversion,
  type ConvertContext,
  type Deletion,
  type Ledger,
  type LedgerEntry,
  type Move,
} from './types';
