/**
 * What a request needs, operation by operation:
 * https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory#permissions-for-calling-data-operations
 */
import type { IncomingMessage } from 'node:http';
import { targetOf, type Target } from '../worm/operation';
import { blobs, containers, messages, queues, type Need } from './roles';

type Request = Pick<IncomingMessage, 'method' | 'headers'>;

/** Undefined for what a token does not open here. */
export function blobNeeds({ method = 'GET', headers }: Request, url: URL): Need[] | undefined {
  const target = targetOf(url.pathname);
  if (!target) return undefined;
  const comp = url.searchParams.get('comp')?.toLowerCase() ?? '';
  const need = (...anyOf: string[]): Need[] => [{ anyOf, resource: target.container }];
  if (target.container === '') {
    if (method === 'GET' && comp === 'list') return need(`${containers}/read`);
    // Without a role of its own: whoever may use the account may ask what it is, as clients do first.
    return method !== 'POST' && comp === 'properties' && url.searchParams.get('restype') === 'account'
      ? need(`${containers}/read`, `${blobs}/read`)
      : undefined;
  }
  return target.blob === ''
    ? containerNeeds(method, comp, need)
    : inBlob(method, comp, need, copied(headers));
}

function containerNeeds(
  method: string,
  comp: string,
  need: (...anyOf: string[]) => Need[],
): Need[] | undefined {
  if (comp === 'acl') return need(`${containers}/${method === 'PUT' ? 'setAcl' : 'getAcl'}/action`);
  if (comp === 'blobs') return need(`${blobs}/filter/action`);
  switch (method) {
    case 'GET':
    case 'HEAD':
      return need(comp === 'list' ? `${blobs}/read` : `${containers}/read`);
    case 'PUT':
      return need(`${containers}/write`);
    case 'DELETE':
      return need(`${containers}/delete`);
    default:
      // A batch: each of its parts brings a token of its own.
      return undefined;
  }
}

function inBlob(
  method: string,
  comp: string,
  need: (...anyOf: string[]) => Need[],
  source: Target | undefined,
): Need[] | undefined {
  if (comp === 'immutabilitypolicies' || comp === 'legalhold')
    return need(`${blobs}/immutableStorage/runAsSuperUser/action`);
  if (comp === 'tags') return need(`${blobs}/tags/${method === 'PUT' ? 'write' : 'read'}`);
  switch (method) {
    case 'GET':
    case 'HEAD':
      return need(`${blobs}/read`);
    case 'PUT':
      return [
        ...need(`${blobs}/write`),
        ...(source ? [{ anyOf: [`${blobs}/read`], resource: source.container }] : []),
      ];
    case 'DELETE':
      return need(`${blobs}/delete`);
    default:
      return undefined;
  }
}

/** The source of a copy within the account, which the token has to open as well; one with a signature opens itself. */
function copied(headers: Request['headers']): Target | undefined {
  const source = headers['x-ms-copy-source'];
  if (typeof source !== 'string' || !URL.canParse(source)) return undefined;
  const { pathname, searchParams } = new URL(source);
  return searchParams.has('sig') ? undefined : targetOf(pathname);
}

/** Undefined for what a token does not open here. */
export function queueNeeds({ method = 'GET' }: Request, url: URL): Need[] | undefined {
  const target = targetOf(url.pathname);
  if (!target) return undefined;
  const { container: resource, blob } = target;
  const comp = url.searchParams.get('comp')?.toLowerCase() ?? '';
  const need = (...anyOf: string[]): Need[] => [{ anyOf, resource }];
  if (resource === '') return method === 'GET' && comp === 'list' ? need(`${queues}/read`) : undefined;
  const [collection, id] = blob.split('/');
  if (collection === '') {
    if (comp === 'acl') return need(`${queues}/${method === 'PUT' ? 'setAcl' : 'getAcl'}/action`);
    if (method === 'PUT') return need(`${queues}/write`);
    return need(`${queues}/${method === 'DELETE' ? 'delete' : 'read'}`);
  }
  if (collection !== 'messages') return undefined;
  switch (method) {
    case 'POST':
      return need(`${messages}/add/action`, `${messages}/write`);
    case 'PUT':
      return need(`${messages}/write`);
    case 'DELETE':
      return id ? need(`${messages}/process/action`, `${messages}/delete`) : need(`${messages}/delete`);
    case 'GET':
      return url.searchParams.get('peekonly') === 'true'
        ? need(`${messages}/read`)
        : need(`${messages}/process/action`, `${messages}/delete`);
    default:
      return undefined;
  }
}
