import { KeyVaultError, notSupported } from './errors';
import { keyRoutes } from './keys';
import type { VaultRequest } from './objects';
import { secretRoutes } from './secrets';
import type { Store } from './store';

/** undefined: 204, no content. */
type Handler = (request: VaultRequest) => object | undefined | Promise<object | undefined>;

/** Method, path, data action (without `Microsoft.KeyVault/vaults/`) and what to do. */
export type Route = [method: string, path: string, action: string, handler: Handler];

/** What the real service also has; without it a client would only see that nothing was found. */
const unsupported: [method: RegExp, path: RegExp, what: string][] = [
  [/./, /^(deleted)?certificates\b/, 'certificates'],
  [/./, /^(deleted)?storage\b/, 'managed storage accounts'],
  [/./, /^(secrets|keys)\/(restore|[^/]+\/backup)$/, 'backup and restore'],
  [/./, /^keys\/[^/]+\/rotationpolicy$/, 'rotation policies; rotate a key by its rotate operation'],
  [/PUT/, /^keys\/[^/]+$/, 'the import of keys'],
  [/./, /^keys\/[^/]+\/([^/]+\/)?(release|attestation)$/, 'the release and attestation of keys'],
  [/./, /^rng$/, 'random numbers of a hardware security module'],
];

export interface Found {
  action: string;
  name: string;
  version: string;
  handler: Handler;
}

export function router(store: Store): (method: string, segments: readonly string[]) => Found {
  const routes = [...secretRoutes(store), ...keyRoutes(store)].map(([method, path, action, handler]) => ({
    method,
    parts: path.split('/'),
    action,
    handler,
  }));
  return (method, segments) => {
    const path = segments.join('/');
    const lacking = unsupported.find(([methods, paths]) => methods.test(method) && paths.test(path));
    if (lacking) throw notSupported(lacking[2]);
    const fitting = routes.flatMap(({ method: own, parts, action, handler }) => {
      const names = match(parts, segments);
      return names ? [{ own, action, handler, ...names }] : [];
    });
    const found = fitting.find(({ own }) => own === method);
    if (found) return found;
    if (fitting.length > 0)
      throw new KeyVaultError(405, 'MethodNotAllowed', `${method} is not allowed on /${path}.`);
    throw new KeyVaultError(404, 'NotFound', `There is nothing at /${path}.`);
  };
}

/** `:name` takes any segment, `:version?` one or none. */
function match(parts: readonly string[], segments: readonly string[]) {
  const given = [...segments];
  if (parts.includes(':version?') && given.length === parts.length - 1)
    given.splice(parts.indexOf(':version?'), 0, '');
  if (given.length !== parts.length) return undefined;
  const fits = parts.every((part, i) => part.startsWith(':') || part === given[i]?.toLowerCase());
  const at = (part: string) => given[parts.indexOf(part)] ?? '';
  return fits ? { name: at(':name'), version: at(':version?') } : undefined;
}
