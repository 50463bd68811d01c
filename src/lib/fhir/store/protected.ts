import {
  allReady,
  whenReady,
  type FieldCipher,
  type FieldClass,
  type Ready,
  type Sealed,
} from '../../security';
import { currentId, type ResourceDocument, type StoredResource } from './documents';
import type { ProtectedContainer, ResourceContainer, Stored, Write } from './ports';
import { splitter, type Elements, type ProtectionPolicy } from './protection';

/**
 * What is stored: `resource` without its protected elements, and these sealed, one ciphertext per class of data. None of
 * them is ever read without the others, and one ciphertext costs a tenth of ten.
 */
export interface ProtectedDocument extends Omit<ResourceDocument, 'resource'> {
  readonly resource: Elements;
  readonly sealed?: Readonly<Partial<Record<FieldClass, Sealed>>>;
  /** The policy's version that decided what is sealed. Reading does not need it. */
  readonly protection: string;
  /** Blind indexes of what the resource is searched by. */
  readonly identifierIndex?: readonly string[];
}

const STORED_ONLY: readonly string[] = [
  'sealed',
  'protection',
  'identifierIndex',
] satisfies (keyof ProtectedDocument)[];

/**
 * The container as the store sees it, with protected elements sealed on their way in and opened on their way out. Plans
 * and comparisons are made with plaintext, so a message that is delivered again finds its traces and writes nothing,
 * although the same text never gives the same ciphertext.
 */
export function protectedContainer(
  inner: ProtectedContainer,
  cipher: FieldCipher,
  policy: ProtectionPolicy,
  now: () => Date = () => new Date(),
): ResourceContainer {
  const split = splitter(policy);

  async function close(document: ResourceDocument, at: string): Promise<ProtectedDocument> {
    const { resource, ...rest } = document;
    const { open, closed } = split(resource as unknown as Elements);
    const sealed: Partial<Record<FieldClass, Sealed>> = {};
    const { tenantId } = document;
    for (const [dataClass, elements] of closed) {
      const plaintext = Buffer.from(JSON.stringify(elements), 'utf8');
      const sealing = whenReady(cipher.sealer(tenantId, dataClass, at), ({ seal }) =>
        seal(plaintext, placeOf(document, dataClass)),
      );
      sealed[dataClass] = sealing instanceof Promise ? await sealing : sealing;
    }
    const isSearched = document.id === currentId(resource.resourceType, resource.id);
    const identifierIndex = isSearched ? await allReady(indexesOf(cipher, tenantId, resource)) : [];
    return {
      ...rest,
      resource: open,
      protection: policy.version,
      ...(closed.size > 0 && { sealed }),
      ...(identifierIndex.length > 0 && { identifierIndex }),
    };
  }

  async function open(document: ProtectedDocument): Promise<ResourceDocument> {
    const { resource, sealed = {} } = document;
    // The partition's own tenant, not what the document says of itself.
    const tenantId = document.pk.slice(0, document.pk.indexOf('|'));
    const elements = await Promise.all(
      Object.entries(sealed).map(async ([dataClass, each]) => {
        const plaintext = await cipher.open(tenantId, each, placeOf(document, dataClass));
        return JSON.parse(plaintext.toString('utf8')) as Elements;
      }),
    );
    const plain = Object.entries(document).filter(([name]) => !STORED_ONLY.includes(name));
    return {
      ...(Object.fromEntries(plain) as unknown as ResourceDocument),
      resource: Object.assign({}, resource, ...elements) as StoredResource,
    };
  }

  return {
    async read(pk, ids) {
      const found = await inner.read(pk, ids);
      return Promise.all(
        found.map(async ({ document, etag }): Promise<Stored<ResourceDocument>> => ({
          document: await open(document),
          etag,
        })),
      );
    },
    async commit(pk, writes) {
      // The month of writing: what a message says of its time may be anything, and each month is a key.
      const at = now().toISOString();
      return inner.commit(
        pk,
        await Promise.all(
          writes.map(async (write): Promise<Write<ProtectedDocument>> => ({
            ...write,
            document: await close(write.document, at),
          })),
        ),
      );
    },
    async findCurrent({ identifier, ...query }) {
      const index =
        identifier === undefined
          ? {}
          : { identifierIndex: await cipher.blindIndex(query.tenantId, 'identifier.value', identifier) };
      return Promise.all((await inner.findCurrent({ ...query, ...index })).map(open));
    },
  };
}

/** Where a ciphertext belongs. An id holds no slash, so the last one ends the partition's name. */
const placeOf = (
  { pk, id }: { readonly pk: string; readonly id: string },
  dataClass: string,
): { id: string; path: string } => ({ id: `${pk}/${id}`, path: `resource.${dataClass}` });

function indexesOf(cipher: FieldCipher, tenantId: string, resource: StoredResource): Ready<string>[] {
  const { identifier } = resource as { readonly identifier?: unknown };
  const values = [identifier].flat().flatMap((each) => {
    const value: unknown = (each as { readonly value?: unknown } | undefined)?.value;
    return typeof value === 'string' ? [value] : [];
  });
  return [...new Set(values)].map((value) => cipher.blindIndex(tenantId, 'identifier.value', value));
}
