import type { AuditDocument } from '../../src/lib/audit';
import { eventId } from '../../src/lib/audit/identity';
import type { ContainerPath } from '../../src/lib/azure/clients';
import type { ResourceDocument } from '../../src/lib/fhir';
import type { MessageDocument } from '../../src/lib/ingest';
import type { Services } from '../../src/lib/services';
import type { Check, Drill } from './drill';
import { expectedOf } from './expected';
import type { Load } from './load';
import { peekAll, type Place } from './queues';

type Message = Pick<MessageDocument, 'id' | 'status' | 'tenantId'>;
type Resource = Pick<ResourceDocument, 'id' | 'kind' | 'version' | 'resourceType' | 'source'> & {
  readonly resourceId: string;
};
type Event = Pick<AuditDocument, 'id' | 'source'>;

/** What must be true once everything has settled, counted in the stores themselves. */
export async function checkStores(drill: Drill, load: Load): Promise<Check[]> {
  const { services, say } = drill;
  say('counting what is in the stores');
  // What waits in the journal is brought in now: the next regular time may be minutes away.
  const journal = await services.auditReplay.replayJournal();
  const messages = await select<Message>(services, 'clinical/messages', 'c.id, c.status, c.tenantId');
  const expected = expectedOf(services, load.sent);
  return [
    ...checkMessages(messages, expected, load),
    ...checkResources(
      await select<Resource>(
        services,
        'clinical/resources',
        'c.id, c.kind, c.version, c.resourceType, c.source, c.resource.id AS resourceId',
      ),
      expected,
    ),
    ...checkAudit(await select<Event>(services, 'audit/events', 'c.id, c.source'), messages),
    { check: 'audit events that came through the journal', found: journal.persisted + journal.duplicate },
    { check: 'audit events that the journal still holds', expected: 0, found: journal.refused },
    ...(await checkQueues(services, messages)),
  ];
}

type Expected = ReturnType<typeof expectedOf>;

function checkMessages(messages: readonly Message[], expected: Expected, load: Load): Check[] {
  const first = messages.filter(({ id }) => expected.messages.has(id));
  const others = messages.filter(({ id }) => !expected.messages.has(id));
  const duplicates = others.filter(({ status }) => status === 'duplicate').length;
  return [
    { check: 'messages sent', found: load.sent },
    { check: 'messages with a document', expected: load.sent, found: first.length },
    {
      check: '... that is done',
      expected: load.sent,
      found: first.filter(({ status }) => status === 'done').length,
    },
    { check: 'sends repeated without an answer to the first', found: load.unanswered },
    { check: '... that had arrived: documents of duplicates', found: duplicates },
    {
      check: 'duplicates beyond the repeated sends',
      expected: 0,
      found: Math.max(0, duplicates - load.unanswered),
    },
    { check: 'any other message document', expected: 0, found: others.length - duplicates },
  ];
}

function checkResources(resources: readonly Resource[], expected: Expected): Check[] {
  const ofKind = (kind: Resource['kind']) => resources.filter((each) => each.kind === kind);
  const current = ofKind('current');
  const versions = ofKind('version');
  const releases = ofKind('release');
  const currentIds = new Set(current.map(({ id }) => id));
  const releaseIds = new Set(releases.map(({ id }) => id));
  return [
    { check: 'FHIR resources', expected: expected.resources.size, found: current.length },
    {
      check: '... missing',
      expected: 0,
      found: missing(expected.resources, currentIds) + missing(expected.releases, releaseIds),
    },
    {
      check: '... that no message states',
      expected: 0,
      found: missing(currentIds, expected.resources) + missing(releaseIds, expected.releases),
    },
    { check: '... doubled', expected: 0, found: doubled(current.map(({ id }) => id)) },
    { check: 'versions of resources', found: versions.length },
    {
      check: '... twice from one message',
      expected: 0,
      found: doubled(versions.map((each) => `${nameOf(each)}|${each.source.messageKey}`)),
    },
    { check: 'resources whose versions do not count 1 to n', expected: 0, found: broken(current, versions) },
    { check: 'released observation versions', expected: expected.releases.size, found: releases.length },
  ];
}

const nameOf = ({ resourceType, resourceId }: Resource): string => `${resourceType}|${resourceId}`;

/** A write that was applied twice, or lost between two others, shows as a number twice or left out. */
function broken(current: readonly Resource[], versions: readonly Resource[]): number {
  const numbers = new Map<string, number[]>();
  for (const version of versions) {
    const name = nameOf(version);
    // 0: arrived late and never was the current one.
    if (version.version > 0) numbers.set(name, [...(numbers.get(name) ?? []), version.version]);
  }
  return current.filter((resource) => {
    const found = (numbers.get(nameOf(resource)) ?? []).sort((a, b) => a - b);
    return found.length !== resource.version || found.some((version, i) => version !== i + 1);
  }).length;
}

function checkAudit(events: readonly Event[], messages: readonly Message[]): Check[] {
  const ids = events.map(({ id }) => id);
  const outcomes = new Set(
    messages.map(({ tenantId, id, status }) => eventId(tenantId, 'hl7Processor', `${id}|${status}`)),
  );
  return [
    { check: 'audit events', expected: messages.length, found: events.length },
    { check: '... outcomes without one', expected: 0, found: missing(outcomes, new Set(ids)) },
    { check: '... doubled', expected: 0, found: doubled(ids) },
    { check: '... of no message outcome', expected: 0, found: missing(new Set(ids), outcomes) },
  ];
}

async function checkQueues(services: Services, messages: readonly Message[]): Promise<Check[]> {
  const count = async (check: string, place: Place): Promise<Check> => ({
    check,
    expected: 0,
    found: (await peekAll(services, place)).length,
  });
  const events = await peekAll(services, { queue: 'clinical-events', subscription: 'all' });
  const done = messages.filter(({ status }) => status === 'done');
  const announced = events.map(({ body }) => String((body as { messageKey?: unknown }).messageKey));
  return [
    {
      check: 'done messages not announced on clinical-events',
      expected: 0,
      found: missing(new Set(done.map(({ id }) => id)), new Set(announced)),
    },
    { check: '... announced twice', expected: 0, found: doubled(announced) },
    await count('left in hl7-messages', { queue: 'hl7-messages' }),
    await count('left in audit-ingest', { queue: 'audit-ingest' }),
    await count('dead letters of hl7-messages', { queue: 'hl7-messages', isDeadLetter: true }),
    await count('dead letters of audit-ingest', { queue: 'audit-ingest', isDeadLetter: true }),
    await count('messages in hl7-rejected', { queue: 'hl7-rejected' }),
  ];
}

async function select<T>({ azure }: Services, path: ContainerPath, columns: string): Promise<T[]> {
  const query = (await azure.container(path)).items.query<T>(`SELECT ${columns} FROM c`, {
    maxItemCount: 1000,
  });
  return (await query.fetchAll()).resources;
}

const missing = (wanted: ReadonlySet<string>, there: ReadonlySet<string>): number =>
  [...wanted].filter((name) => !there.has(name)).length;
const doubled = (names: readonly string[]): number => names.length - new Set(names).size;
