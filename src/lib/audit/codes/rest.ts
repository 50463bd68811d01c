import type { AuditAgent, AuditEntity, AuditEventInput, Coding } from '../types';
import { dcm, entityType, interaction, objectRole, participation, party, rest } from './codes';
import type { Kind } from './kinds';

export type Interaction = Exclude<keyof typeof interaction, 'operation'>;

interface Roles {
  readonly action: AuditEventInput['action'];
  readonly client: Coding;
  readonly server: Coding;
  readonly user: Coding;
}

/** Source and destination are those of the data (DICOM): a search sends parameters, a read brings content. */
const toServer = { client: dcm.source, server: dcm.destination };
const toClient = { client: dcm.destination, server: dcm.source };

/** IHE BALP 1.1, the `agent` slices and `action` of its profiles Create, Read, Update, Delete and Query. */
const roles: Readonly<Record<Interaction, Roles>> = {
  create: { action: 'C', ...toServer, user: participation.author },
  read: { action: 'R', ...toClient, user: participation.recipient },
  vread: { action: 'R', ...toClient, user: participation.recipient },
  update: { action: 'U', ...toServer, user: participation.author },
  patch: { action: 'U', ...toServer, user: participation.author },
  delete: { action: 'D', client: dcm.application, server: party.custodian, user: participation.author },
  search: { action: 'E', ...toServer, user: participation.recipient },
};

/** Who took part, by identifiers: `network` is an IP address, a machine's name, or a URI where there is neither. */
export interface Parties {
  readonly client: { readonly who: string; readonly network: string };
  readonly server: { readonly who: string; readonly network: string };
  readonly user?: {
    readonly who: string;
    readonly name?: string;
    readonly role?: Coding;
    readonly purpose?: readonly Coding[];
  };
}

/** A RESTful interaction in the codes of IHE BALP. The user, where one is known, is who asked for it. */
export function restKind(name: Interaction, parties: Parties): Kind & { readonly agents: AuditAgent[] } {
  const { action, client, server, user } = roles[name];
  return {
    type: rest,
    subtype: [interaction[name]],
    action,
    agents: [
      ...(parties.user ? [{ ...parties.user, type: user, requestor: true }] : []),
      { ...parties.client, type: client, requestor: !parties.user },
      { ...parties.server, type: server, requestor: false },
    ],
  };
}

export const patientEntity = (reference: string): AuditEntity => ({
  type: entityType.person,
  role: objectRole.patient,
  what: reference,
});

/** A resource that was read or written, or a job that stands for several. */
export const dataEntity = (
  what: string,
  role: 'domainResource' | 'report' | 'job' = 'domainResource',
  version?: string,
): AuditEntity => ({
  type: entityType.system,
  role: objectRole[role],
  what,
  ...(version !== undefined && { version }),
});

/** A search as it was asked, byte for byte: attacks hide in what a cleaned one leaves out. Sealed, it may name a patient. */
export const queryEntity = (query: string): AuditEntity => ({
  type: entityType.system,
  role: objectRole.query,
  what: 'query',
  query,
});

/** The audit log itself, a report about it, or another thing of security. */
export const securityEntity = (what: string): AuditEntity => ({
  type: entityType.system,
  role: objectRole.securityResource,
  what,
});
