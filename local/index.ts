/** The local stack: everything the app needs on one machine, without Docker or an Azure account. */
export {
  keyFileOf,
  readStack,
  startStack,
  StackError,
  type StackHandle,
  type StackInfo,
  type StackOptions,
} from './stack';
