import type { Bundle, FhirResource } from 'fhir/r4';
import { validateBundle } from '../../src/lib/fhir';
import { judge, type Oracle } from '../conformance/oracles';
import { broken, type Fault } from './inject';

export interface Examined {
  /** True when it is certain, or a validator says so. */
  readonly isFault: boolean;
  /** Our validator names it, and where it is. */
  readonly isNamed: boolean;
  /** The other validators that call it an error, with the first thing they say. */
  readonly others: readonly { readonly name: string; readonly error: string }[];
  /** Clauses that excuse what they say otherwise. */
  readonly excused: readonly string[];
}

/** The resource that the fault is in, or the Bundle itself: other validators check one resource at a time. */
function concerned(bundle: Bundle, [list, index, resource, first]: Fault['path']): FhirResource {
  const entry = list === 'entry' && typeof index === 'number' ? bundle.entry?.[index] : undefined;
  return resource === 'resource' && first !== undefined && entry?.resource ? entry.resource : bundle;
}

/** True when an issue is about the place of the fault: the element that holds it, something in that, or its owners. */
function isAbout(path: string, fault: Fault['path']): boolean {
  const text = (steps: Fault['path']): string =>
    'Bundle' + steps.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  const holder = text(fault.slice(0, -1));
  const resource = text(fault.length > 3 ? fault.slice(0, 3) : []);
  return path.startsWith(holder) || (holder.startsWith(path) && path.startsWith(resource));
}

export function examine(bundle: Bundle, fault: Fault, oracles: readonly Oracle[]): Examined {
  const faulty = broken(bundle, fault);
  const isNamed = validateBundle(faulty).some(({ path }) => isAbout(path, fault.path));
  const asked = concerned(faulty, fault.path);
  const answers = oracles.map((oracle) => ({ name: oracle.name, ...judge(oracle, asked) }));
  const others = answers.flatMap(({ name, errors: [error] }) => (error === undefined ? [] : { name, error }));
  return {
    isFault: fault.kind.isCertain || isNamed || others.length > 0,
    isNamed,
    others,
    excused: answers.flatMap(({ excused }) => excused),
  };
}
