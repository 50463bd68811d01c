import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { MedrelayError } from '../errors';
import { tenantSchema, type Tenant } from './tenant';

/** Tenants by id, from `<folder>/tenants/*.json`. */
export function loadTenants(folder: string): ReadonlyMap<string, Tenant> {
  const tenants = new Map<string, Tenant>();
  for (const tenant of loadJsonFolder(join(folder, 'tenants'), tenantSchema)) {
    if (tenants.has(tenant.id))
      throw invalid(`Two files in config/tenants describe the tenant ${tenant.id}.`);
    tenants.set(tenant.id, tenant);
  }
  if (tenants.size === 0) throw invalid('There is no tenant. Add one as config/tenants/NAME.json.');
  return tenants;
}

/** Every `*.json` of a folder, checked; no folder is an empty one. Names each file and fault at once. */
export function loadJsonFolder<T extends z.ZodType>(folder: string, schema: T): z.infer<T>[] {
  const faults: string[] = [];
  const values = filesOf(folder).flatMap((file) => {
    const path = join(folder, file);
    try {
      const parsed = schema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
      if (parsed.success) return [parsed.data];
      faults.push(
        ...parsed.error.issues.map(
          (issue) => `  ${path}: ${issue.path.join('.') || 'file'}: ${issue.message}`,
        ),
      );
    } catch (error) {
      faults.push(`  ${path}: ${error instanceof Error ? error.message : 'cannot be read'}`);
    }
    return [];
  });
  if (faults.length > 0) throw invalid(`Configuration files are wrong:\n${faults.join('\n')}`);
  return values;
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .sort();
  } catch {
    return [];
  }
}

const invalid = (text: string): MedrelayError => new MedrelayError('CONFIG_INVALID', text);
