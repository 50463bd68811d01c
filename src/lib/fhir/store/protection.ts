import * as z from 'zod';
import type { FieldClass } from '../../security';

const elementName = z
  .string()
  .regex(/^[a-z][A-Za-z0-9]*$/, 'is not the name of an element')
  .refine((name) => !['id', 'meta', 'resourceType'].includes(name), 'is needed to find the resource');
const byClass = z.partialRecord(z.enum(['phi', 'pii', 'financial']), z.array(elementName));

/** A file under config/protection: which elements of stored resources are encrypted, and as what. */
export const protectionPolicySchema = z.strictObject({
  version: z.string().min(1),
  /** The rule that it follows. */
  source: z.string().min(1),
  approvedBy: z.string().min(1),
  /** Elements that are protected whatever resource they are of. */
  everyType: byClass,
  /** By resource type, in addition. */
  types: z.record(z.string().regex(/^[A-Z][A-Za-z]*$/), byClass),
});
export type ProtectionPolicy = z.infer<typeof protectionPolicySchema>;

export type Elements = Readonly<Record<string, unknown>>;

export interface Split {
  readonly open: Elements;
  readonly closed: ReadonlyMap<FieldClass, Elements>;
}

/** Divides a resource into what is stored as it is, and per class what is sealed. */
export function splitter(policy: ProtectionPolicy): (resource: Elements) => Split {
  const always = Object.entries(policy.everyType);
  const tables = new Map(
    Object.entries(policy.types).map(([type, own]) => [type, tableOf([...always, ...Object.entries(own)])]),
  );
  const everyType = tableOf(always);
  return (resource) => {
    const table = tables.get(String(resource['resourceType'])) ?? everyType;
    const open: Record<string, unknown> = {};
    const closed = new Map<FieldClass, Record<string, unknown>>();
    for (const [name, value] of Object.entries(resource)) {
      // `_birthDate` holds extensions of `birthDate`.
      const dataClass = table.get(name.startsWith('_') ? name.slice(1) : name);
      if (dataClass === undefined) open[name] = value;
      else if (value !== undefined) closed.set(dataClass, { ...closed.get(dataClass), [name]: value });
    }
    return { open, closed };
  };
}

const tableOf = (
  classes: readonly (readonly [string, readonly string[] | undefined])[],
): ReadonlyMap<string, FieldClass> =>
  new Map(classes.flatMap(([dataClass, names = []]) => names.map((name) => [name, dataClass as FieldClass])));
