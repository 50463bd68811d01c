import { MedrelayError } from '../../../src/lib/errors';
import { classifyAzureError, classifyStatus } from '../../../src/lib/azure';

const error = (members: object): Error => Object.assign(new Error('text'), members);

it.each([
  ['Cosmos DB conflict', { code: 409 }, 'conflict'],
  ['Cosmos DB absent', { code: 404 }, 'not-found'],
  ['Cosmos DB replica behind', { code: 404, substatus: 1002 }, 'unavailable'],
  ['Cosmos DB changed meanwhile', { code: 412 }, 'precondition'],
  ['Cosmos DB too large', { code: 413 }, 'too-large'],
  ['Cosmos DB time-out', { code: 408 }, 'unavailable'],
  ['Cosmos DB retry with', { code: 449 }, 'unavailable'],
  ['Cosmos DB partition moved', { code: 410 }, 'unavailable'],
  ['Cosmos DB in trouble', { code: 503 }, 'unavailable'],
  ['Cosmos DB wrong key', { code: 401 }, 'denied'],
  ['Cosmos DB forbidden', { code: 403 }, 'denied'],
  ['Cosmos DB region failing over', { code: 403, substatus: 3 }, 'unavailable'],
  ['Cosmos DB partition full', { code: 403, substatus: 1014 }, 'other'],
  ['Cosmos DB bad request', { code: 400 }, 'other'],
  ['Cosmos DB client time-out', { code: 'TimeoutError' }, 'unavailable'],
  ['blob that exists', { name: 'RestError', statusCode: 409, code: 'BlobAlreadyExists' }, 'conflict'],
  ['blob absent', { name: 'RestError', statusCode: 404, code: 'BlobNotFound' }, 'not-found'],
  ['refused connection', { name: 'RestError', code: 'ECONNREFUSED' }, 'unavailable'],
  ['reset connection', { code: 'ECONNRESET' }, 'unavailable'],
  ['unknown host', { code: 'ENOTFOUND' }, 'unavailable'],
  ['missing file', { code: 'ENOENT' }, 'other'],
  ['time-out of AbortSignal', { name: 'TimeoutError', code: 23 }, 'unavailable'],
  ['aborted call', { name: 'AbortError' }, 'unavailable'],
  ['busy broker', { name: 'ServiceBusError', code: 'ServiceBusy', retryable: true }, 'throttled'],
  ['full queue', { name: 'ServiceBusError', code: 'QuotaExceeded' }, 'unavailable'],
  ['queue absent', { name: 'ServiceBusError', code: 'MessagingEntityNotFound' }, 'not-found'],
  ['too large a message', { name: 'ServiceBusError', code: 'MessageSizeExceeded' }, 'too-large'],
  ['broker says retry', { name: 'ServiceBusError', code: 'GeneralError', retryable: true }, 'unavailable'],
  [
    'broker not there',
    { name: 'ServiceBusError', code: 'GeneralError', message: 'connect ECONNREFUSED ::1' },
    'unavailable',
  ],
  ['broker refuses', { name: 'ServiceBusError', code: 'UnauthorizedAccess', retryable: false }, 'denied'],
  [
    'blob service refuses the key',
    { name: 'RestError', statusCode: 403, code: 'AuthenticationFailed' },
    'denied',
  ],
  ['wrong client of an identity', { name: 'AuthenticationError', statusCode: 400 }, 'denied'],
  ['identity service in trouble', { name: 'AuthenticationError', statusCode: 503 }, 'unavailable'],
  ['no identity here', { name: 'CredentialUnavailableError' }, 'denied'],
  ['defect', { name: 'TypeError' }, 'other'],
])('%s', (_, members, kind) => {
  expect(classifyAzureError(error(members)).kind).toBe(kind);
});

it('passes on how long a throttled caller shall wait', () => {
  expect(classifyAzureError(error({ code: 429, retryAfterInMs: 120 }))).toEqual({
    kind: 'throttled',
    retryAfterMs: 120,
  });
});

it('looks through our errors at their cause, and takes "later" from the audit whatever caused it', () => {
  const cause = error({ code: 429 });
  expect(classifyAzureError(new MedrelayError('X', 'x', cause)).kind).toBe('throttled');
  expect(classifyAzureError(new MedrelayError('X', 'connect ECONNREFUSED')).kind).toBe('other');
  expect(classifyAzureError(new MedrelayError('AUDIT_NOT_DURABLE', 'x', error({ code: 401 }))).kind).toBe(
    'unavailable',
  );
  expect(classifyAzureError(new AggregateError([error({ code: 400 }), cause])).kind).toBe('throttled');
});

it.each([undefined, null, 'ECONNREFUSED', 503])('makes nothing of %p', (thrown) => {
  expect(classifyAzureError(thrown)).toEqual({ kind: 'other' });
});

it('ends on a cause that is its own', () => {
  const circular = error({});
  circular.cause = circular;
  expect(classifyAzureError(circular).kind).toBe('other');
});

it('takes a failed dependency of a batch for what it is: no fault of its own', () => {
  expect([200, 424].map((status) => classifyStatus(status))).toEqual(['other', 'other']);
});

it.each([
  ['Batch request error: The service is unavailable', 'unclear'],
  ['Batch request error: Request size is too large', 'too-large'],
])('a batch that the Cosmos DB SDK failed without a status: %s', (message, kind) => {
  expect(classifyAzureError(new Error(message)).kind).toBe(kind);
});
