import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface HostKeys {
  master: string;
  /** The host's function key `default`, which opens every function. */
  function: string;
  /** The extensions' key; without one each extension gets its own. */
  system?: string;
  /** Keys that were made through the admin API. */
  made?: MadeKeys;
}

interface MadeKeys {
  host: Record<string, string>;
  system: Record<string, string>;
  functions: Record<string, Record<string, string>>;
}

export type AuthLevel = 'anonymous' | 'function' | 'system' | 'admin';
const LEVELS: readonly AuthLevel[] = ['anonymous', 'function', 'system', 'admin'];
export const isAuthLevel = (text: unknown): text is AuthLevel =>
  typeof text === 'string' && (LEVELS as readonly string[]).includes(text);

/** Whose keys the admin API talks about. */
export type KeyScope = 'host' | 'system' | { readonly function: string };

const DEFAULT = 'default';
const newKey = (): string => randomBytes(40).toString('base64url');

/** All keys of a host. A key of a higher level opens what is below; a function's own keys open that function only. */
export class KeyStore {
  readonly #made: MadeKeys;

  constructor(
    private readonly keys: HostKeys,
    private readonly save: (keys: HostKeys) => void = () => undefined,
  ) {
    const { host = {}, system = {}, functions = {} } = keys.made ?? {};
    this.#made = { host: { ...host }, system: { ...system }, functions: { ...functions } };
  }

  /** The header wins over the query parameter, as in Azure. `named` is the function or the extension behind the door. */
  authorised(required: AuthLevel, headers: IncomingHttpHeaders, query: URLSearchParams, named = ''): boolean {
    if (required === 'anonymous') return true;
    const header = headers['x-functions-key'];
    const given = (Array.isArray(header) ? header[0] : header) ?? query.get('code');
    if (!given) return false;
    const candidates = [this.keys.master];
    if (required === 'system') candidates.push(this.systemKey(named));
    if (required === 'function') {
      candidates.push(...Object.values(this.list('host')), ...Object.values(this.list('system')));
      candidates.push(...Object.values(this.#made.functions[named] ?? {}));
    }
    return candidates.some((key) => same(key, given));
  }

  systemKey(extension: string): string {
    const name = `${extension}_extension`;
    const known = this.#made.system[name] ?? this.keys.system;
    return known ?? this.set('system', name).value;
  }

  list(scope: KeyScope): Record<string, string> {
    if (scope === 'host') return { [DEFAULT]: this.keys.function, ...this.#made.host };
    if (scope === 'system') {
      const shared = this.keys.system;
      return { ...(shared ? { system: shared } : {}), ...this.#made.system };
    }
    // Azure makes a function its first key when it is first asked for.
    if (!this.#made.functions[scope.function]) this.set(scope, DEFAULT);
    return { ...this.#made.functions[scope.function] };
  }

  set(scope: KeyScope, name: string, value = newKey()): { value: string; isNew: boolean } {
    const group = this.#group(scope);
    const isNew = group[name] === undefined;
    group[name] = value;
    this.#keep();
    return { value, isNew };
  }

  remove(scope: KeyScope, name: string): boolean {
    const group = this.#group(scope);
    if (group[name] === undefined) return false;
    delete group[name];
    this.#keep();
    return true;
  }

  #group(scope: KeyScope): Record<string, string> {
    if (scope === 'host' || scope === 'system') return this.#made[scope];
    return (this.#made.functions[scope.function] ??= {});
  }

  #keep(): void {
    this.save({ ...this.keys, made: this.#made });
  }
}

/** Comparing hashes keeps the time independent of the length and of the first difference. */
function same(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}
