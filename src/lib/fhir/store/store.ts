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
import { planResource, type Statement } from './plan';
import type { ResourceContainer, Stored, Write } from './ports';
import { partitionStatements, readStatements, type Statements } from './references';

export interface FhirStore {
  /** Idempotent: the same message again changes nothing. Returns the stored resources as `Type/id`, in Bundle order. */
  storeBundle(statements: Statements, message: SourceMessage): Promise<readonly string[]>;
  getResource(tenantId: string, resourceType: string, id: string): Promise<StoredResource | undefined>;
  /** All current resources of a type; with `patientMrn` those of the patients who have this identifier value. */
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
      // All reads at once; the writes in order, directory first.
      const read = (partitions: Map<string, Statement[]>): Promise<Partition[]> =>
        Promise.all(
          [...partitions].map(async ([pk, members]) => {
            return { pk, statements: members, found: await container.read(pk, idsToRead(members)) };
          }),
        );
      const [shared, own] = await Promise.all([read(directory), read(patients)]);
      for (const partitions of [shared, own]) {
        await Promise.all(partitions.map((partition) => writePartition(container, partition, message)));
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
      return found[0]?.resource;
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
      if (type === 'Patient') return patients.map(({ resource }) => resource);
      const compartments = await Promise.all(
        patients.map(({ resource }) =>
          container.findCurrent({
            tenantId,
            resourceType: type,
            pk: patientPartition(tenantId, resource.id),
          }),
        ),
      );
      return compartments.flat().map(({ resource }) => resource);
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
        return planResource(pk, statement, stored.get(currentId(resourceType, id)), message);
      });
    if (await commitAll(container, pk, packBatches(plans))) return;
    found = await container.read(pk, idsToRead(statements, message));
  }
  throw new MedrelayError(
    'STORE_CONTENTION',
    'Other writers kept changing the same patient. It is tried again later.',
  );
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
