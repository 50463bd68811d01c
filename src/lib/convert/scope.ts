import type { FhirResource, Reference } from 'fhir/r4';
import type { Hl7Message, Hl7Segment, MessageHeader } from '../hl7';
import { Findings } from './findings';
import { joinKey, messageIdentity, resourceId } from './identity';
import { SegmentReader, type KeptFields } from './reader';
import { Sender } from './sender';
import type { ConvertContext, Deletion, Move } from './types';

/** A resource of ours always has an id. */
export type Identified<T extends FhirResource = FhirResource> = T & { id: string };

/** What the mappers of one message share: who sent it, what was made so far, what was found. */
export class Scope {
  readonly sender: Sender;
  readonly findings = new Findings();
  readonly messageKey: string;
  /** By the segment's place in the message. */
  readonly readers: (SegmentReader | undefined)[] = [];
  readonly resources = new Map<string, Identified>();
  readonly mentions = new Set<string>();
  /** Deletions that follow from the event, beside those of `""`. */
  readonly deletions: Deletion[] = [];
  readonly moves: Move[] = [];
  readonly #ids = new Map<string, string>();
  readonly #ordinals = new Map<string, number>();

  constructor(
    readonly message: Hl7Message,
    readonly header: MessageHeader,
    /** What happened: MSH-9.2, or what stands for it (see `eventOf`). */
    readonly event: string,
    readonly context: ConvertContext,
  ) {
    this.sender = new Sender(context, header, message.delimiters);
    this.messageKey = messageIdentity(context.tenantId, header).key;
  }

  /** Opens a segment for reading; `kept` names the fields that are left to the raw copy on purpose. */
  open(segment: Hl7Segment, kept: KeptFields = {}): SegmentReader {
    let reader = this.readers[segment.index];
    if (reader === undefined) {
      reader = new SegmentReader(segment, this.sender, this.findings, kept);
      this.readers[segment.index] = reader;
    }
    return reader;
  }

  id(kind: string, ...businessKey: readonly string[]): string {
    return this.#idOf(kind, joinKey(...businessKey));
  }

  /**
   * As `id`, for things the standard gives no identifier (the second OBX of one code): the first bearer of a key in
   * the message gets the plain id, the next ones are numbered.
   */
  nextId(kind: string, ...businessKey: readonly string[]): string {
    const key = joinKey(...businessKey);
    const counted = `${kind}|${key}`;
    const ordinal = (this.#ordinals.get(counted) ?? 0) + 1;
    this.#ordinals.set(counted, ordinal);
    return resourceId(this.context.tenantId, ordinal === 1 ? kind : `${kind}#${ordinal}`, key);
  }

  #idOf(kind: string, key: string): string {
    const cacheKey = `${kind}|${key}`;
    let id = this.#ids.get(cacheKey);
    if (id === undefined) {
      id = resourceId(this.context.tenantId, kind, key);
      this.#ids.set(cacheKey, id);
    }
    return id;
  }

  /**
   * Adds a resource to the Bundle. One identity is one entry: where an id comes again (the attending is also the
   * ordering doctor), the first stays and takes only what it did not say itself.
   */
  add(resource: Identified): Reference {
    const existing = this.resources.get(resource.id);
    if (existing === undefined) this.resources.set(resource.id, resource);
    else fill(existing, resource);
    return this.reference(resource.id);
  }

  reference(id: string): Reference {
    return { reference: `urn:uuid:${id}` };
  }
}

/** Elements of R4 of which a resource has one form only (`onset[x]`), met in what two segments may both describe. */
const choice = /^(?:onset|abatement|value|effective|occurrence|deceased|multipleBirth)(?=[A-Z])/;

/** Gives a resource what another of the same identity says and it does not. */
function fill(existing: object, other: object): void {
  const forms = new Set(Object.keys(existing).map((key) => choice.exec(key)?.[0]));
  for (const [key, value] of Object.entries(other)) {
    const form = choice.exec(key)?.[0];
    if (!Object.hasOwn(existing, key) && (form === undefined || !forms.has(form)))
      Object.assign(existing, { [key]: value });
  }
}
