import * as z from 'zod';

/** One version of something configured, as database `config` keeps it: created once, never replaced. */
export interface ConfigVersion {
  /** What is described: a tenant's id, a preset's name. The partition. */
  readonly pk: string;
  /** `v000001`, counted up. */
  readonly id: string;
  readonly value: unknown;
}

export const versionId = (version: number): string => `v${String(version).padStart(6, '0')}`;

const versionSchema = z.object({ pk: z.string(), id: z.string().regex(/^v\d{6}$/), value: z.unknown() });

/**
 * The newest good version of each. A version that does not hold what it should is passed over for the one before: a
 * mistake in the configuration of one tenant must stop neither that tenant nor the others.
 */
export function newestGood<T>(
  versions: readonly unknown[],
  parse: (value: unknown) => T | undefined,
  nameOf: (good: T) => string,
): Map<string, T> {
  const documents = versions
    .flatMap((version) => versionSchema.safeParse(version).data ?? [])
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const found = new Map<string, T>();
  for (const { pk, value } of documents) {
    const good = parse(value);
    if (good !== undefined && nameOf(good) === pk) found.set(pk, good);
  }
  return found;
}
