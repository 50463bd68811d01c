export type { DataKeyStore, KeyWrap, Sealed, WrappedDataKey } from './ports';
export { createFieldCipher, type FieldCipher, type SealedAt } from './field-cipher';
export type { DataClass } from './data-keys';
export { isKeyFileId, keyFileWrap } from './key-file';
export { safeError } from './safe-error';
export { lengthPrefixed } from './length-prefixed';
export { TENANT_ID } from './tenant-id';
