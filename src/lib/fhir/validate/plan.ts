import { type Invariant, invariants } from './invariants';
import { type Format, formats } from './primitives';
import tables from './r4-tables.json';

/** A required binding. `open` stands in where the standard names a registry instead of listing codes. */
export interface Binding {
  readonly codes: ReadonlySet<string>;
  readonly bySystem: ReadonlyMap<string, ReadonlySet<string>>;
  readonly open: RegExp | undefined;
}

export interface Property {
  readonly name: string;
  readonly sibling: string;
  readonly type: string;
  readonly isPrimitive: boolean;
  readonly isList: boolean;
  readonly isForbidden: boolean;
  /** `value[x]`: at most one property of a group may be there. */
  readonly group: string | undefined;
  readonly binding: Binding | undefined;
  /** Resource types that a Reference may point to; undefined = any. */
  readonly targets: ReadonlySet<string> | undefined;
  /** Outside another extension an extension's url is absolute (R4 extensibility.html). */
  readonly isOuterExtension: boolean;
  /** A `#id` in it refers to a contained resource (dom-3). */
  readonly isUri: boolean;
}

export interface TypePlan {
  readonly name: string;
  readonly kind: 'primitive' | 'complex' | 'resource';
  readonly format: Format | undefined;
  readonly properties: ReadonlyMap<string, Property>;
  /** Names of the elements that must be there: [property] or [every property of a choice]. */
  readonly required: readonly { readonly label: string; readonly anyOf: readonly Property[] }[];
  readonly invariants: readonly Invariant[];
}

interface TypeTable {
  readonly kind: string;
  readonly abstract?: boolean;
  readonly base?: string;
  /** A line for each: `coverage 0..* Account.coverage`. */
  readonly elements: string;
}

// Maps, not objects: `constructor` and `__proto__` are no types.
const types = new Map<string, TypeTable>(Object.entries(tables.types));
/** By name: system -> its codes, with blanks between them. */
const valueSets = new Map<string, Readonly<Record<string, string>>>(Object.entries(tables.valueSets));

/** Required value sets that are somebody else's registry: BCP 13 (with the short forms of CapabilityStatement) and ISO 4217. */
const registries: ReadonlyMap<string, RegExp> = new Map([
  ['mimetypes', /^(?:xml|json|ttl|[\w.+!#$&^-]+\/[\w.+!#$&^-]+(?:\s*;.*)?)$/],
  ['currencies', /^[A-Z]{3}$/],
]);

const bindings = new Map<string, Binding | undefined>();

function bindingOf(name: string): Binding | undefined {
  if (bindings.has(name)) return bindings.get(name);
  const systems = Object.entries(valueSets.get(name) ?? {}).map(
    ([system, codes]) => [system, codes.split(' ')] as const,
  );
  const open = registries.get(name);
  const binding =
    systems.length === 0 && !open
      ? undefined
      : {
          codes: new Set(systems.flatMap(([, codes]) => codes)),
          bySystem: new Map(systems.map(([system, codes]) => [system, new Set(codes)])),
          open,
        };
  bindings.set(name, binding);
  return binding;
}

const TYPE = /^([\w.]+)(?:\(([^)]*)\))?(?:\{([^}]*)\})?$/;
const URI_TYPES = new Set(['uri', 'url', 'canonical']);
const capitalised = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** Reads one line of the table, e.g. `value[x] 0..1 Quantity string`. */
function propertiesOf(owner: string, line: string): { element: string; min: string; properties: Property[] } {
  const [element = '', cardinality = '', ...typeNames] = line.split(' ');
  const [min = '0', max = '1'] = cardinality.split('..');
  const group = element.endsWith('[x]') ? element : undefined;
  const properties = typeNames.map((given): Property => {
    const [, type = '', targets, binding] = TYPE.exec(given) ?? [];
    // The one constrained type among the elements is named by its base.
    const suffix = type === 'SimpleQuantity' ? 'Quantity' : capitalised(type);
    const name = group === undefined ? element : group.slice(0, -3) + suffix;
    return {
      name,
      sibling: `_${name}`,
      type,
      isPrimitive: formats.has(type),
      isList: max === '*',
      isForbidden: max === '0',
      group,
      binding: binding === undefined ? undefined : bindingOf(binding),
      targets: targets === undefined ? undefined : new Set(targets.split('|')),
      isOuterExtension: type === 'Extension' && owner !== 'Extension',
      isUri: URI_TYPES.has(type),
    };
  });
  return { element, min, properties };
}

function compile(name: string): TypePlan | undefined {
  const format = formats.get(name);
  if (format) return { name, kind: 'primitive', format, properties: new Map(), required: [], invariants: [] };
  const table = types.get(name);
  if (!table) return undefined;
  const base = table.base === undefined ? undefined : planOf(table.base);
  const properties = new Map(base?.properties);
  const required = [...(base?.required ?? [])];
  // An extension may nest extensions with relative urls, though the element is defined at its base.
  const nested = properties.get('extension');
  if (name === 'Extension' && nested) properties.set('extension', { ...nested, isOuterExtension: false });
  for (const line of table.elements === '' ? [] : table.elements.split('\n')) {
    const parsed = propertiesOf(name, line);
    for (const property of parsed.properties) properties.set(property.name, property);
    if (parsed.min !== '0') required.push({ label: parsed.element, anyOf: parsed.properties });
  }
  return {
    name,
    kind: table.kind === 'resource' ? 'resource' : 'complex',
    format: undefined,
    properties,
    required,
    invariants: [...(base?.invariants ?? []), ...(invariants.get(name) ?? [])],
  };
}

const plans = new Map<string, TypePlan>();

/** The checks of a type, compiled when first asked for: a process that sees six resource types pays for six. */
export function planOf(name: string): TypePlan | undefined {
  let plan = plans.get(name);
  if (!plan) {
    plan = compile(name);
    if (plan) plans.set(name, plan);
  }
  return plan;
}

export const isResourceType = (name: string): boolean => {
  const table = types.get(name);
  return table?.kind === 'resource' && table.abstract !== true;
};
