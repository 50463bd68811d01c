import type { ResourceContainer, ResourceDocument, Write } from '../../../src/lib/fhir';

/** Over JSON, as the store on the wire would. */
const cloned = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** `clinical.resources` in memory: partitions, etags, atomic batches, as far as the store relies on them. */
export class MemoryContainer implements ResourceContainer {
  readonly documents = new Map<string, { document: ResourceDocument; etag: string }>();
  reads = 0;
  commits: Write[][] = [];
  #etags = 0;

  read = async (pk: string, ids: readonly string[]) => {
    this.reads++;
    return ids.flatMap((id) => this.documents.get(`${pk} ${id}`) ?? []).map((stored) => cloned(stored));
  };

  commit = async (pk: string, writes: readonly Write[]): Promise<'committed' | 'changed'> => {
    const isFree = writes.every(({ document: { id }, ...write }) => {
      const stored = this.documents.get(`${pk} ${id}`);
      return write.type === 'create' ? stored === undefined : stored?.etag === write.etag;
    });
    if (!isFree) return 'changed';
    this.commits.push(cloned([...writes]));
    for (const { document } of writes) {
      if (document.pk !== pk) throw new Error('wrong partition');
      this.documents.set(`${pk} ${document.id}`, {
        document: cloned(document),
        etag: `e${++this.#etags}`,
      });
    }
    return 'committed';
  };

  findCurrent = async ({
    tenantId,
    resourceType,
    pk,
    id,
    identifier,
    identifierIndex,
  }: Parameters<ResourceContainer['findCurrent']>[0] & { readonly identifierIndex?: string }) =>
    this.all().filter(
      (document) =>
        document.kind === 'current' &&
        document.tenantId === tenantId &&
        document.resourceType === resourceType &&
        (pk === undefined || document.pk === pk) &&
        (id === undefined || document.resource.id === id) &&
        (identifier === undefined ||
          (document.resource as { identifier?: { value?: string }[] }).identifier?.some(
            ({ value }) => value === identifier,
          ) === true) &&
        (identifierIndex === undefined ||
          (document as { identifierIndex?: readonly string[] }).identifierIndex?.includes(identifierIndex) ===
            true),
    );

  all(kind?: ResourceDocument['kind']): ResourceDocument[] {
    const documents = [...this.documents.values()].map(({ document }) => document);
    return kind === undefined ? documents : documents.filter((document) => document.kind === kind);
  }

  /** Everything but etags, in a stable order. */
  snapshot(): unknown {
    return this.all().sort((a, b) => (`${a.pk} ${a.id}` < `${b.pk} ${b.id}` ? -1 : 1));
  }
}
