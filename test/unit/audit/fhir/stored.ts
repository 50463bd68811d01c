import { createAudit, type AuditDocument, type AuditEventInput } from '../../../../src/lib/audit';
import { createWorld, event } from '../fakes';

/** An event as the store gives it back. */
export async function stored(overrides: Partial<AuditEventInput> = {}): Promise<AuditDocument> {
  const world = createWorld();
  await createAudit(world).record(event({ phi: undefined, ...overrides }));
  const [document] = world.stored.values();
  if (!document) throw new Error('Nothing was recorded.');
  return document;
}
