import type { Address, ContactPoint, Organization, Reference } from 'fhir/r4';
import type { FieldReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { set } from '../set';
import { identifierType } from './cx';
import { authorityIn } from './hd';

export interface OrganizationDetails {
  readonly address?: Address[] | undefined;
  readonly telecom?: ContactPoint[] | undefined;
}

/** XON: an organization, known by its identifier (XON-10, before v2.5 XON-3), else by its name with this sender. */
export function organization(
  field: FieldReader | undefined,
  scope: Scope,
  details: OrganizationDetails = {},
): Reference | undefined {
  if (field === undefined) return undefined;
  const name = field.get(1);
  const value = field.code(10) ?? field.code(3);
  if (value === undefined && name === undefined) return undefined;
  const type = field.code(7);
  const system = authorityIn(field, 6);
  const resource: Identified<Organization> = {
    resourceType: 'Organization',
    id:
      value === undefined
        ? scope.id('Organization', scope.sender.system, 'name', name ?? '')
        : scope.id('Organization', system, value),
  };
  if (value !== undefined) {
    resource.identifier = [
      type === undefined ? { system, value } : { type: identifierType(type), system, value },
    ];
  }
  set(resource, 'name', name);
  // R4 org-2 and org-3: what a sender marks as home is still the organization's, only not its home.
  set(resource, 'telecom', details.telecom?.map(notHome));
  set(resource, 'address', details.address?.map(notHome));
  const reference = scope.add(resource);
  set(reference, 'display', name);
  return reference;
}

export function notHome<T extends { use?: string }>(part: T): T {
  if (part.use !== 'home') return part;
  const rest = { ...part };
  delete rest.use;
  return rest;
}
