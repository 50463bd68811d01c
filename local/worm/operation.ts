/** What a request to the Blob service is about, as far as immutability is concerned. */

export interface Target {
  account: string;
  container: string;
  /** Empty for the container or the account itself. */
  blob: string;
}

export type Operation =
  /** Nothing that immutability forbids. */
  | 'other'
  | 'read'
  | 'list'
  | 'readContainer'
  | 'deleteContainer'
  | 'batch'
  /** Put Blob, Put Block List, Copy Blob: with versioning a new version in Azure, here the end of the old content. */
  | 'write'
  /** Append Block, Put Page: changes the content in place. */
  | 'change'
  | 'setMetadata'
  | 'delete'
  | 'setPolicy'
  | 'deletePolicy'
  | 'setLegalHold';

/** As Azurite reads a path, so that both speak of the same blob: decoded whole, then split; "\" is "/". */
export function targetOf(pathname: string): Target | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
  const [account = '', container = '', ...blob] = decoded.replace(/^\//, '').split('/');
  return {
    account: account.replace(/-secondary$/, ''),
    container,
    blob: blob.join('/').replaceAll('\\', '/'),
  };
}

const PUT: Readonly<Record<string, Operation>> = {
  '': 'write',
  blocklist: 'write',
  incrementalcopy: 'write',
  appendblock: 'change',
  page: 'change',
  metadata: 'setMetadata',
  immutabilitypolicies: 'setPolicy',
  legalhold: 'setLegalHold',
};

export function operationOf(
  method: string,
  { container, blob }: Target,
  query: URLSearchParams,
  deleteSnapshots: string | undefined,
): Operation {
  const comp = query.get('comp')?.toLowerCase() ?? '';
  if (method === 'POST' && comp === 'batch') return 'batch';
  if (blob === '') {
    if (!container) return 'other';
    if (method === 'DELETE') return 'deleteContainer';
    if (method === 'GET' && comp === 'list') return 'list';
    return (method === 'GET' || method === 'HEAD') && comp === '' ? 'readContainer' : 'other';
  }
  if (method === 'GET' || method === 'HEAD') return comp === '' ? 'read' : 'other';
  if (method === 'PUT') return PUT[comp] ?? 'other';
  if (method !== 'DELETE') return 'other';
  if (comp === 'immutabilitypolicies') return 'deletePolicy';
  // A snapshot goes, the blob stays.
  return query.has('snapshot') || deleteSnapshots?.toLowerCase() === 'only' ? 'other' : 'delete';
}

/** The blobs that a batch would delete (https://learn.microsoft.com/rest/api/storageservices/blob-batch). */
export const deletedByBatch = (body: string): Target[] =>
  [...body.matchAll(/^DELETE (\S+) HTTP\/1\.1\r?$/gim)].flatMap(([, path = '']) => {
    const target = targetOf(new URL(path, 'http://localhost').pathname);
    return target ? [target] : [];
  });
