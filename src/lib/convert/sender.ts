import type { Delimiters, MessageHeader } from '../hl7';
import { codingSystemUri, oidSystem } from './codemaps/coding-systems';
import { table } from './codemaps/table';
import { encodePart, localSystem } from './identity';
import type { SenderProfile } from './profile';
import type { ConvertContext } from './types';

const oid = /^[0-2](?:\.(?:0|[1-9]\d*)){2,}$/;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const absoluteUri = /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/;
const hostName = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/;

/** Namespace ids that mean the same wherever they are sent (USSSA: HL7 table 0363; SSA and NPI: field use). */
const commonNamespace = table<string>({
  USSSA: 'http://hl7.org/fhir/sid/us-ssn',
  SSA: 'http://hl7.org/fhir/sid/us-ssn',
  NPI: 'http://hl7.org/fhir/sid/us-npi',
});

/** From the sender's code in a field to the code of the HL7 table; what it does not know stays as sent. */
export type CodeOverlay = (field: number, code: string | undefined) => string | undefined;

/** Who sent the message: turns the sender's own names for authorities and code systems into URIs. */
export class Sender {
  /** Naming system of what only this sender knows. */
  readonly system: string;
  readonly profile: SenderProfile;
  readonly tenantId: string;
  readonly #authorities = new Map<string, string>();
  readonly #codeSystems = new Map<string, string | undefined>();
  readonly #hasCodes: boolean;

  constructor(
    context: ConvertContext,
    header: MessageHeader,
    readonly delimiters: Delimiters,
  ) {
    this.tenantId = context.tenantId;
    this.profile = context.profile;
    this.#hasCodes = Object.keys(this.profile.codes).length > 0;
    this.system = localSystem(context.tenantId, header.sendingApplication, header.sendingFacility);
  }

  /**
   * Identifier system of an HD (or of EI 2-4). The universal id comes first; a namespace id is looked up in the
   * profile and is otherwise an authority of the tenant, so that `GENERAL` means the same from every sender of the
   * tenant; nothing at all means the sender itself.
   */
  authority(namespaceId?: string, universalId?: string, universalIdType?: string): string {
    if (namespaceId === undefined && universalId === undefined) return this.system;
    const key = `${namespaceId ?? ''}&${universalId ?? ''}&${universalIdType ?? ''}`;
    let system = this.#authorities.get(key);
    if (system === undefined) {
      system =
        (universalId === undefined ? undefined : universalSystem(universalId, universalIdType)) ??
        this.#namespace(namespaceId ?? universalId ?? '');
      this.#authorities.set(key, system);
    }
    return system;
  }

  #namespace(id: string): string {
    const { namespaces } = this.profile;
    if (Object.hasOwn(namespaces, id)) return namespaces[id] ?? this.system;
    if (oid.test(id)) return oidSystem(id);
    return commonNamespace(id) ?? localSystem(this.tenantId, id);
  }

  /** The profile's overlay for the fields of a segment. */
  codesOf(segment: string): CodeOverlay | undefined {
    if (!this.#hasCodes) return undefined;
    const { codes } = this.profile;
    return (field, code) => {
      const name = `${segment}-${field}`;
      const map = Object.hasOwn(codes, name) ? codes[name] : undefined;
      const sent = code?.trim();
      return map !== undefined && sent !== undefined && Object.hasOwn(map, sent) ? map[sent] : code;
    };
  }

  /** Code system of CWE-3: the profile, table 0396, an OID or URI; any other name is local to the sender. */
  codeSystem(id: string): string {
    let system = this.#codeSystems.get(id);
    if (system === undefined) {
      const { codeSystems } = this.profile;
      system = Object.hasOwn(codeSystems, id) ? codeSystems[id] : codingSystemUri(id);
      system ??= oid.test(id)
        ? oidSystem(id)
        : absoluteUri.test(id)
          ? id
          : `${this.system}:${encodePart(id)}`;
      this.#codeSystems.set(id, system);
    }
    return system;
  }
}

function universalSystem(id: string, type = ''): string | undefined {
  switch (type.toUpperCase()) {
    case 'ISO':
      return oid.test(id) ? oidSystem(id) : undefined;
    case 'UUID':
    case 'GUID':
      return uuid.test(id) ? `urn:uuid:${id.toLowerCase()}` : undefined;
    case 'URI':
    case 'URL':
      return absoluteUri.test(id) ? id : undefined;
    case 'DNS': // RFC 4501
      return hostName.test(id) ? `dns:${id.toLowerCase()}` : undefined;
    case 'CLIA':
      return 'urn:oid:2.16.840.1.113883.4.7';
    default:
      return oid.test(id) ? oidSystem(id) : undefined;
  }
}
