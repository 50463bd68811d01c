import { createAudit } from '../../../src/lib/audit';
import { auditEventsOf, balpUrl } from '../../../src/lib/audit/fhir';
import { validateResource } from '../../../src/lib/fhir';
import { processBody } from '../../../src/lib/ingest/process-body';
import { createWorld } from '../audit/fakes';
import { MemoryWorld } from './memory-ports';
import { adt, delivery, oru } from './messages';

/** What an auditor reads of the messages, as FHIR. */
async function recorded(bodies: readonly string[]) {
  const world = new MemoryWorld();
  for (const [n, body] of bodies.entries())
    await processBody(Buffer.from(body, 'latin1'), delivery(`d${n}`), world.ports());
  const sinks = createWorld();
  for (const event of world.audit.values()) await createAudit(sinks).record(event);
  return [...sinks.stored.values()].map((document) => auditEventsOf(document));
}

test('each done message is an import and, for each patient, what IHE BALP calls an update', async () => {
  const documents = await recorded([adt(), oru()]);
  expect(documents).toHaveLength(2);
  for (const [imported, ...updates] of documents) {
    expect(imported).toMatchObject({ type: { code: '110107' }, action: 'C', outcome: '0' });
    expect(imported?.meta).not.toHaveProperty('profile');
    expect(updates.map(({ meta }) => meta?.profile)).toEqual([[balpUrl('PatientUpdate')]]);
  }
  expect(documents.flat().flatMap((event) => validateResource(event))).toEqual([]);
});

test('what was refused, repeated or in conflict claims no profile and is valid', async () => {
  const documents = await recorded([
    adt(),
    adt(),
    adt({ family: 'Zwei' }),
    adt().replace(/PID.*\r/, ''),
    'hello',
  ]);
  expect(documents.length).toBeGreaterThan(3);
  const others = documents.filter(([first]) => first?.outcomeDesc !== 'DONE');
  expect(others.every((events) => events.length === 1 && events[0]?.meta?.profile === undefined)).toBe(true);
  expect(documents.flat().flatMap((event) => validateResource(event))).toEqual([]);
});
