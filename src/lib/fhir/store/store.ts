import { MedrelayError } from '../../errors';
import { packBatches } from './batches';
import {
  currentId,
  directoryPartition,
  isDirectoryType,
  patientPartition,
  versionId,
  type ResourceDocument,
  type SourceMessage,
  type StoredResource,
} from './documents';
import { followLinks, newestOfEach } from './people';
import { planDeparture, planResource, type Statement } from './plan';
import type { ResourceContainer, Stored, Write } from './ports';
import { partitionStatements, readStatements, type Statements } from './references';

export interface FhirStore {
  /** Idempotent: the same message again changes nothing. Returns the stored resources as `Type/id`, in Bundle order. */
  storeBundle(statements: Statements, message: SourceMessage): Promise<readonly string[]>;
  getResource(tenantId: string, resourceType: string, id: string): Promise<StoredResource | undefined>;
  /**
   * All current resources of a type; with `patientMrn` those of the patients who have this identifier value. Results
   * that are addressed to a merged patient stay there, so what is asked of one record of a person is answered from
   * all of them; asked for patients, the records that replace the named one are added.
   */
  searchResources(
    tenantId: string,
    search: { readonly type: string; readonly patientMrn?: string },
  ): Promise<readonly StoredResource[]>;
}

/**
 * Of any number of writers that meet, one gets through each time: this is for 16 concurrent messages of one patient on
 * two instances. What meets more often waits in the queue.
 */
const maxAttempts = 32;

export function createFhirStore(container: ResourceContainer): FhirStore {
  return {
    async storeBundle(bundle, message) {
      const statements = readStatements(bundle);
      const { directory, patients } = partitionStatements(message.tenantId, statements);
      // All reads at once; the writes in order: directory first, then patients as the Bundle has them, so that of a
      // merge the survivor is there before the retired record points to it, and of a move the new place before the
      // old one is left. Each step alone is idempotent, and a redelivery does what is missing.
      const read = (partitions: Map<string, Statement[]>): Promise<Partition[]> =>
        Promise.all(
          [...partitions].map(async ([pk, members]) => {
            return { pk, statements: members, found: await container.read(pk, idsToRead(members)) };
          }),
        );
      const [shared, own, origins] = await Promise.all([
        read(directory),
        read(patients),
        readOrigins(container, statements, message.tenantId),
      ]);
      await Promise.all(shared.map((partition) => writePartition(container, partition, message, origins)));
      for (const partition of own) await writePartition(container, partition, message, origins);
      for (const { pk, statements: members } of own) {
        for (const statement of members) await leaveOrigin(container, statement, pk, message, origins);
      }
      return statements.map(({ resource }) => `${resource.resourceType}/${resource.id}`);
    },

    async getResource(tenantId, resourceType, id) {
      const pk = isDirectoryType(resourceType)
        ? directoryPartition(tenantId, resourceType, id)
        : resourceType === 'Patient'
          ? patientPartition(tenantId, id)
          : undefined;
      const found = await container.findCurrent({
        tenantId,
        resourceType,
        id,
        ...(pk !== undefined && { pk }),
      });
      return newestOfEach(found)[0]?.resource;
    },

    async searchResources(tenantId, { type, patientMrn }) {
      if (patientMrn === undefined) {
        return (await container.findCurrent({ tenantId, resourceType: type })).map(
          ({ resource }) => resource,
        );
      }
      const patients = await container.findCurrent({
        tenantId,
        resourceType: 'Patient',
        identifier: patientMrn,
      });
      if (type === 'Patient') {
        const found = await followLinks(container, tenantId, patients, ['replaced-by']);
        return found.map(({ resource }) => resource);
      }
      const people = await followLinks(container, tenantId, patients, ['replaced-by', 'replaces']);
      const compartments = await Promise.all(
        people.map(({ resource }) =>
          container.findCurrent({
            tenantId,
            resourceType: type,
            pk: patientPartition(tenantId, resource.id),
          }),
        ),
      );
      return newestOfEach(compartments.flat()).map(({ resource }) => resource);
    },
  };
}

interface Partition {
  readonly pk: string;
  readonly statements: readonly Statement[];
  readonly found: readonly Stored<ResourceDocument>[];
}

async function writePartition(
  container: ResourceContainer,
  { pk, statements, found: firstFound }: Partition,
  message: SourceMessage,
  origins: Origins,
): Promise<void> {
  let found = firstFound;
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const stored = new Map(found.map((entry) => [entry.document.id, entry]));
    const plans = statements
      .filter(
        ({ resource }) => !stored.has(versionId(resource.resourceType, resource.id, message.messageKey)),
      )
      .map((statement) => {
        const { resourceType, id } = statement.resource;
        const origin = origins.get(statement)?.found?.document;
        return planResource(pk, statement, stored.get(currentId(resourceType, id)), message, origin);
      });
    if (await commitAll(container, pk, packBatches(plans))) return;
    found = await container.read(pk, idsToRead(statements, message));
  }
  throw contention();
}

const contention = (): MedrelayError =>
  new MedrelayError(
    'STORE_CONTENTION',
    'Other writers kept changing the same patient. It is tried again later.',
  );

/** Where each moved resource comes from. */
type Origins = ReadonlyMap<
  Statement,
  { readonly pk: string; readonly found: Stored<ResourceDocument> | undefined }
>;

async function readOrigins(
  container: ResourceContainer,
  statements: readonly Statement[],
  tenantId: string,
): Promise<Origins> {
  const origins = await Promise.all(
    statements.map(async (statement) => {
      if (statement.movedFrom === undefined) return [];
      const pk = patientPartition(tenantId, statement.movedFrom);
      const [found] = await container.read(pk, idsToRead([statement]));
      return [[statement, { pk, found }] as const];
    }),
  );
  return new Map(origins.flat());
}

async function leaveOrigin(
  container: ResourceContainer,
  statement: Statement,
  movedTo: string,
  message: SourceMessage,
  origins: Origins,
): Promise<void> {
  const origin = origins.get(statement);
  if (origin === undefined || origin.pk === movedTo) return;
  let { found } = origin;
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const writes = planDeparture(origin.pk, statement, found, message, movedTo);
    if (await commitAll(container, origin.pk, packBatches([writes]))) return;
    [found] = await container.read(origin.pk, idsToRead([statement]));
  }
  throw contention();
}

/**
 * The message's own history documents are read only after a batch met a change: they tell "I did this before"
 * from "somebody else wrote", and most messages meet neither.
 */
function idsToRead(statements: readonly Statement[], message?: SourceMessage): readonly string[] {
  return statements.flatMap(({ resource: { resourceType, id } }) =>
    message === undefined
      ? [currentId(resourceType, id)]
      : [currentId(resourceType, id), versionId(resourceType, id, message.messageKey)],
  );
}

async function commitAll(
  container: ResourceContainer,
  pk: string,
  batches: readonly Write[][],
): Promise<boolean> {
  for (const batch of batches) {
    if ((await container.commit(pk, batch)) === 'changed') return false;
  }
  return true;
}
