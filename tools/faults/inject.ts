import type { Bundle } from 'fhir/r4';
import { KINDS, type Kind, type Place, type Step } from './kinds';

type Json = Readonly<Record<string, unknown>>;

export interface Fault {
  readonly kind: Kind;
  /** Where in the Bundle, and the element by its definition: `Patient.name[].given[]`. */
  readonly path: readonly Step[];
  readonly element: string;
  readonly value: unknown;
}

/** Every value of a Bundle with its path and the element it is. */
function* placesIn(bundle: Bundle): Generator<Place & { path: Step[]; element: string }> {
  const inside = function* (
    parent: Place['parent'],
    path: Step[],
    owner: string,
    name: string,
  ): ReturnType<typeof placesIn> {
    const keys: Step[] = Array.isArray(parent) ? [...parent.keys()] : Object.keys(parent);
    for (const key of keys) {
      if (key === 'resourceType') continue;
      const value = (parent as Record<Step, unknown>)[key];
      const isItem = typeof key === 'number';
      const type = (value as { resourceType?: string } | null | undefined)?.resourceType;
      const element = type ?? (isItem ? `${owner}[]` : `${owner}.${key}`);
      const here = { key, value, parent, name: isItem ? name : key, path: [...path, key], element };
      yield here;
      if (typeof value === 'object' && value !== null)
        yield* inside(value as Json, here.path, element, here.name);
    }
  };
  const root = { key: '', value: bundle, parent: {}, name: '', path: [], element: 'Bundle' };
  yield root;
  yield* inside(bundle as unknown as Json, [], 'Bundle', '');
}

/**
 * The faults that a Bundle can take. `limit` of each way of each kind at each element, counted in `seen` over all
 * Bundles: a thousand observations have no more elements than the first few.
 */
export function* faultsIn(bundle: Bundle, limit: number, seen: Map<string, number>): Generator<Fault> {
  for (const place of placesIn(bundle))
    for (const kind of KINDS)
      for (const [way, { key, value }] of kind.at(place).entries()) {
        if (place.path.length === 0 && key === undefined) continue;
        const id = `${kind.name} ${way} ${place.element} ${key ?? ''}`;
        const count = seen.get(id) ?? 0;
        if (count >= limit) continue;
        seen.set(id, count + 1);
        const path = key === undefined ? place.path : [...place.path, key];
        yield { kind, path, element: place.element + (key === undefined ? '' : `.${key}`), value };
      }
}

/** The Bundle with the fault in it; what the fault does not touch is shared. */
export const broken = (bundle: Bundle, { path, value }: Fault): Bundle =>
  changed(bundle, path, value) as Bundle;

function changed(node: unknown, path: readonly Step[], value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const copy = (Array.isArray(node) ? [...(node as unknown[])] : { ...(node as Json) }) as Record<
    Step,
    unknown
  >;
  const next = changed(copy[step], rest, value);
  if (next === undefined) delete copy[step];
  else copy[step] = next;
  return copy;
}
