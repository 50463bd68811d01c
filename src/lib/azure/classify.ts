import { MedrelayError } from '../errors';

export type AzureErrorKind =
  | 'conflict'
  | 'not-found'
  | 'precondition'
  /** The service is well and asks for patience. */
  | 'throttled'
  /** Passing trouble: the same request may succeed later. */
  | 'unavailable'
  | 'too-large'
  /** Our key or identity is refused, or the network we come from: the same request succeeds once people have acted. */
  | 'denied'
  /** It failed, and the SDK does not say how: may be passing. */
  | 'unclear'
  /** Wrong request or configuration: trying again does not help. */
  | 'other';

export interface AzureFailure {
  readonly kind: AzureErrorKind;
  readonly retryAfterMs?: number;
}

/** What an error of any of the SDKs means, also when it is the cause of one of ours. */
export function classifyAzureError(error: unknown): AzureFailure {
  for (let depth = 0, current = error; depth < 5 && isObject(current); depth++, current = current.cause) {
    const failure = classifyOne(current);
    if (failure) return failure;
  }
  return { kind: 'other' };
}

/** For statuses that are not thrown: the operations of a Cosmos DB batch. */
export function classifyStatus(status: number, subStatus?: number): AzureErrorKind {
  // 404/1002: the session's replica is behind; 403/3 and 403/1008: a region is failing over.
  if (status === 404 && subStatus === 1002) return 'unavailable';
  if (status === 403 && (subStatus === 3 || subStatus === 1008)) return 'unavailable';
  // 403/1014: the partition is full (20 GB), whoever asks.
  if (status === 403 && subStatus === 1014) return 'other';
  switch (status) {
    case 401:
    case 403:
      return 'denied';
    case 409:
      return 'conflict';
    case 404:
      return 'not-found';
    case 412:
      return 'precondition';
    case 413:
      return 'too-large';
    case 429:
      return 'throttled';
    case 408:
    case 410: // Gone: the partition moved
    case 449: // Retry With: two writes met
    case 500:
    case 502:
    case 503:
    case 504:
      return 'unavailable';
    default:
      return 'other';
  }
}

/** Service Bus: https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messaging-exceptions-latest */
const BROKER_CODES: Readonly<Record<string, AzureErrorKind>> = {
  ServiceBusy: 'throttled',
  QuotaExceeded: 'unavailable',
  ServiceTimeout: 'unavailable',
  ServiceCommunicationProblem: 'unavailable',
  MessagingEntityNotFound: 'not-found',
  MessageSizeExceeded: 'too-large',
  UnauthorizedAccess: 'denied',
};
const NETWORK_CODE =
  /^(E(CONN\w+|TIMEDOUT|PIPE|AI_AGAIN|HOSTUNREACH|NETUNREACH)|ENOTFOUND|REQUEST_SEND_ERROR|TimeoutError)$/;
/** The broker's client wraps a refused connection as "GeneralError", not retryable, with the code only in its text. */
const NETWORK_TEXT = /\b(ECONN(REFUSED|RESET|ABORTED)|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)\b/;
/** @azure/identity: no token. A status beside it is the token endpoint's, which answers 400 to a wrong client. */
const NO_TOKEN = /^(AuthenticationError|AuthenticationRequiredError|CredentialUnavailableError)$/;
/** @azure/cosmos 4.9 `items.batch` and `bulk` throw every failed request as a bare Error with this text and no status. */
const BATCH_TEXT = /^(?:Batch request error|Bulk request errored with): /;
const TOO_LARGE_TEXT = /too large/i;
const TIME_RAN_OUT = new Set(['AbortError', 'TimeoutError', 'OperationTimeoutError']);

/** Ours that say "try again later" whatever caused them. */
const PASSING_CODES = ['AUDIT_NOT_DURABLE', 'AUDIT_READ_BEHIND', 'KEY_READ_BEHIND'];

function classifyOne(error: Record<string, unknown>): AzureFailure | undefined {
  if (error instanceof MedrelayError)
    return PASSING_CODES.includes(error.code) ? { kind: 'unavailable' } : undefined;
  const { code, statusCode, name } = error;
  // The numbers of a DOMException (AbortError 20, TimeoutError 23) are no HTTP statuses.
  const status = [statusCode, code].find((value) => typeof value === 'number' && value >= 100);
  if (typeof status === 'number') {
    const subStatus = [error.substatus, error.subStatusCode].find((value) => typeof value === 'number');
    const wait = error.retryAfterInMs;
    const kind = classifyStatus(status, subStatus);
    return {
      kind: kind === 'other' && isTokenError(name) ? 'denied' : kind,
      ...(typeof wait === 'number' && { retryAfterMs: wait }),
    };
  }
  if (Array.isArray(error.errors)) {
    const failures = error.errors.map(classifyAzureError);
    return failures.find(({ kind }) => kind === 'unavailable' || kind === 'throttled') ?? failures[0];
  }
  if (typeof code === 'string') {
    const known = Object.hasOwn(BROKER_CODES, code) ? BROKER_CODES[code] : undefined;
    if (known) return { kind: known };
    if (NETWORK_CODE.test(code)) return { kind: 'unavailable' };
  }
  if (error.retryable === true || (typeof name === 'string' && TIME_RAN_OUT.has(name)))
    return { kind: 'unavailable' };
  if (name === 'ServiceBusError' && typeof error.message === 'string' && NETWORK_TEXT.test(error.message)) {
    return { kind: 'unavailable' };
  }
  if (isTokenError(name)) return { kind: 'denied' };
  if (typeof error.message === 'string' && BATCH_TEXT.test(error.message)) {
    return { kind: TOO_LARGE_TEXT.test(error.message) ? 'too-large' : 'unclear' };
  }
  return undefined;
}

const isTokenError = (name: unknown): boolean => typeof name === 'string' && NO_TOKEN.test(name);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
