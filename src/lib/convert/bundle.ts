import type { Bundle, BundleEntry } from 'fhir/r4';
import type { Scope } from './scope';
import type { Deletion } from './types';

/** The transaction: every resource once, put under its own id, the message's control id as the Bundle's identifier. */
export function makeBundle(scope: Scope, timestamp: string | undefined): Bundle {
  const bundle: Bundle = {
    resourceType: 'Bundle',
    identifier: { system: scope.sender.system, value: scope.header.controlId },
    type: 'transaction',
  };
  if (timestamp !== undefined) bundle.timestamp = timestamp;
  const entry: BundleEntry[] = [];
  for (const resource of scope.resources.values()) {
    entry.push({
      fullUrl: `urn:uuid:${resource.id}`,
      resource,
      request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
    });
  }
  bundle.entry = entry;
  return bundle;
}

/** `""` fields, for the resources their segments describe: PID-13 `""` deletes Patient.telecom. */
export function deletionsOf(scope: Scope): Deletion[] {
  const deletions: Deletion[] = [...scope.deletions];
  for (const reader of scope.readers) {
    const entry = reader?.entry;
    if (entry === undefined || reader === undefined || reader.deletions.length === 0) continue;
    const resource = scope.resources.get(entry.slice('urn:uuid:'.length));
    for (const target of reader.deletions) {
      const prefix = `${resource?.resourceType}.`;
      if (target.startsWith(prefix)) deletions.push({ entry, element: target.slice(prefix.length) });
    }
  }
  return deletions;
}
