import { BUILT_IN, compilePreset, presetSchema, type ApplyPreset, type Preset } from '../audit';
import { tenantSchema, type Tenant } from './tenant';
import { newestGood } from './versions';

/** All versions of everything in database `config`. */
export interface ConfigStore {
  read(container: 'config/tenants' | 'config/policies', signal: AbortSignal): Promise<unknown[]>;
}

export interface DirectoryPorts {
  /** From the files of config/: what holds until the database says something newer. */
  readonly seeds: { readonly tenants: ReadonlyMap<string, Tenant>; readonly presets: readonly Preset[] };
  readonly store: ConfigStore;
  /** The deployment's `MEDRELAY_RESIDENCY`. */
  readonly residency: string | undefined;
  readonly now?: () => number;
}

export interface TenantDirectory {
  /** Always at hand; what `fresh` finds replaces its entries. */
  readonly tenants: ReadonlyMap<string, Tenant>;
  /**
   * Waits for the database once, for a second at most; from then on what is known is used while newer versions are
   * fetched. Never fails: where the database is away or empty, the last good versions hold.
   */
  fresh(): Promise<void>;
  /**
   * False once the database was away, or refused us, twice in a row: the first question of a process pays for connections
   * and may run out of time.
   */
  isCurrent(): boolean;
  presetOf(tenantId: string): ApplyPreset;
}

const GOOD_MS = 60_000;
const RETRY_MS = 10_000;
const PATIENCE_MS = 1_000;

export function createTenantDirectory(ports: DirectoryPorts): TenantDirectory {
  const { seeds, store, residency, now = Date.now } = ports;
  const tenants = new Map<string, Tenant>();
  let presets = new Map<string, Preset>();
  const compiled = new Map<string, ApplyPreset>();
  let until = 0;
  let misses = 0;
  let first: Promise<void> | undefined;

  function hold(configured: ReadonlyMap<string, Tenant>, policies: ReadonlyMap<string, Preset>): void {
    const mayBeHere = ([, tenant]: [string, Tenant]): boolean =>
      residency === undefined || tenant.residency === undefined || tenant.residency === residency;
    const all = [...seeds.tenants, ...configured].filter(mayBeHere);
    const ids = new Set(all.map(([id]) => id));
    for (const [id, tenant] of all) tenants.set(id, tenant);
    for (const id of tenants.keys()) if (!ids.has(id)) tenants.delete(id);
    presets = new Map([
      ...BUILT_IN,
      ...seeds.presets.map((preset) => [preset.name, preset] as const),
      ...policies,
    ]);
    compiled.clear();
  }

  async function load(): Promise<void> {
    until = now() + RETRY_MS;
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const late = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('No answer in time')), { once: true });
      });
      const both = Promise.all([store.read('config/tenants', signal), store.read('config/policies', signal)]);
      const [tenantVersions, policyVersions] = await Promise.race([both, late]);
      hold(
        newestGood(
          tenantVersions,
          (value) => tenantSchema.safeParse(value).data,
          ({ id }) => id,
        ),
        newestGood(
          policyVersions,
          (value) => presetSchema.safeParse(value).data,
          ({ name }) => name,
        ),
      );
      until = now() + GOOD_MS;
      misses = 0;
    } catch {
      // The last good versions hold; /api/health calls the configuration degraded.
      misses++;
    }
  }

  function presetFor(tenant: Tenant | undefined): Preset {
    const { preset: name = 'healthcare-default', allowed, classification = [] } = tenant?.audit ?? {};
    const preset = presets.get(name) ?? presets.get('healthcare-default');
    if (!preset) throw new Error('There is no preset healthcare-default.');
    return {
      ...preset,
      allowed: allowed ?? preset.allowed,
      classification: [...classification, ...preset.classification],
    };
  }

  async function fresh(): Promise<void> {
    if (now() >= until) {
      const loading = load();
      first ??= loading;
    }
    await first;
  }

  hold(new Map(), new Map());
  return {
    tenants,
    fresh,
    isCurrent: () => misses < 2,
    presetOf(tenantId) {
      void fresh();
      const apply = compiled.get(tenantId) ?? compilePreset(presetFor(tenants.get(tenantId)));
      compiled.set(tenantId, apply);
      return apply;
    },
  };
}
