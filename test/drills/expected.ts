import { messageIdentity } from '../../src/lib/convert';
import { readRawHeader, splitMessages } from '../../src/lib/hl7';
import { createInterpreter } from '../../src/lib/ingest';
import type { Services } from '../../src/lib/services';
import { drillMessage } from '../support/messages';

/** Ids of everything the first `count` messages must leave behind, by converting them here once more. */
export function expectedOf({ profiles, tenants, config }: Services, count: number) {
  const interpret = createInterpreter(profiles);
  const tenant = tenants.get(config.defaultTenant);
  const expected = {
    messages: new Set<string>(),
    resources: new Set<string>(),
    releases: new Set<string>(),
  };
  for (let index = 0; index < count; index++) {
    const [raw] = splitMessages(drillMessage(index)).messages;
    const header = raw && readRawHeader(raw)?.header;
    if (!raw || !header || !tenant) throw new Error(`Drill message ${index} is no message.`);
    const interpretation = interpret(raw, tenant, { enqueuedAt: new Date().toISOString() });
    if (interpretation.kind === 'rejected')
      throw new Error(`Drill message ${index} is refused: ${interpretation.code}.`);
    const { id: messageId } = messageIdentity(tenant.id, header);
    expected.messages.add(messageId);
    for (const { resource } of interpretation.conversion.bundle.entry ?? []) {
      if (!resource) continue;
      const id = `${resource.resourceType}|${resource.id}`;
      expected.resources.add(id);
      if (resource.resourceType === 'Observation') expected.releases.add(`${id}|r|${messageId}`);
    }
  }
  return expected;
}
