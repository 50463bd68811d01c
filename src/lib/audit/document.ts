import { hash } from 'node:crypto';
import * as z from 'zod';
import { MedrelayError } from '../errors';
import type { FieldCipher, FieldClass, Mac, Ready, Sealed, Sealer } from '../security';
import { whenReady } from '../security';
import { canonicalJson, canonicalMembers, canonicalObject, type CanonicalMembers } from './canonical';
import type { AuditContent, Statement } from './content';
import { partitionKey } from './identity';
import type { Classification, Coding, Framework } from './types';

/**
 * What the tenant's preset added and found. Hashed, but no part of what the source states: a preset that changes between
 * two deliveries must not make one event into two statements.
 */
export interface PresetNote {
  readonly name: string;
  readonly version: string;
  readonly filled?: {
    readonly classification?: Classification;
    readonly frameworks?: readonly Framework[];
    readonly purpose?: readonly Coding[];
    /** The one that the event's workflow began with. */
    readonly correlationId?: string;
  };
  /** Codes of requirements that the event does not meet, such as `patient-missing`. */
  readonly flags: readonly string[];
}

/** The stored form. Every member but `leafHash`, `mac`, `pk` and what Cosmos DB adds (`_*`) is hashed. */
export interface AuditDocument extends Statement {
  readonly pk: string;
  readonly receivedAt: string;
  /** `seq` counts per process instance, so that a verifier can name what never arrived. */
  readonly recordedBy: { readonly app: string; readonly instance: string; readonly seq: number };
  readonly preset?: PresetNote;
  readonly phi?: Readonly<Record<string, Sealed>>;
  /** Over the plaintext content: equal for two deliveries of one event although IV and times differ. */
  readonly sourceMac: Mac;
  /** hex */
  readonly leafHash: string;
  /** Keeps one who can only write to the database from adding or re-hashing documents. */
  readonly mac: Mac;
}

/** Content and the canonical text of its members: written once, for `sourceMac` as well as for the leaf. */
export interface Canonical {
  readonly content: AuditContent;
  readonly members: CanonicalMembers;
  /** The plaintext in its one canonical form (RFC 8785): what `sourceMac` covers. */
  readonly text: string;
}

export function canonicalOf(content: AuditContent): Canonical {
  const members = canonicalMembers(content);
  return { content, members, text: canonicalObject(members) };
}

/** Both MACs use one key. This label, and the 32 bytes of a leaf hash, keep one from being shown as the other. */
const SOURCE_MAC_LABEL = Buffer.from('source1\0', 'latin1');

export interface Recording {
  readonly receivedAt: string;
  readonly recordedBy: AuditDocument['recordedBy'];
  readonly preset?: PresetNote;
}

/** One key per class of data. What an event that counts as public seals is no less secret for that. */
const FIELD_CLASS: Readonly<Record<Classification, FieldClass>> = {
  PHI: 'phi',
  PII: 'pii',
  Financial: 'financial',
  Public: 'phi',
};

/** Waits only where a key is not at hand. */
export function sealContent(
  cipher: FieldCipher,
  canonical: Canonical,
  recording: Recording,
): Ready<AuditDocument> {
  const { tenantId, occurredAt, subject, classification } = canonical.content;
  const counted = classification ?? recording.preset?.filled?.classification ?? 'PHI';
  return whenReady(cipher.sealer(tenantId, FIELD_CLASS[counted], occurredAt, subject), (sealer) =>
    sealWith(sealer, canonical, recording),
  );
}

function sealWith(
  sealer: Sealer,
  { content: { phi, ...statement }, members, text }: Canonical,
  { receivedAt, recordedBy, preset }: Recording,
): AuditDocument {
  const { tenantId, occurredAt, id } = statement;
  const sourceMac = sealer.mac(Buffer.concat([SOURCE_MAC_LABEL, Buffer.from(text, 'utf8')]));
  const added = { receivedAt, recordedBy, preset, phi: phi && sealEach(sealer, id, phi), sourceMac };
  const unsealed = phi ? members.filter((member) => !member.startsWith('"phi":')) : members;
  const leafHash = hashLeaf(canonicalObject(unsealed, canonicalMembers(added)));
  return {
    ...statement,
    ...added,
    pk: partitionKey(tenantId, occurredAt, id),
    leafHash: leafHash.toString('hex'),
    mac: sealer.mac(leafHash),
  };
}

function sealEach(sealer: Sealer, id: string, phi: Readonly<Record<string, string>>): Record<string, Sealed> {
  const sealed: Record<string, Sealed> = {};
  for (const [path, text] of Object.entries(phi))
    sealed[path] = sealer.seal(Buffer.from(text, 'utf8'), { id, path });
  return sealed;
}

/**
 * A document that came back from outside, once it is proven to be one of ours and unchanged. Its sealed fields stay
 * sealed: hash and MAC cover the ciphertexts, so a document whose person was shredded proves itself as any other.
 * @throws MedrelayError AUDIT_DOCUMENT_INVALID
 */
export async function provenDocument(
  cipher: Pick<FieldCipher, 'verifyMac'>,
  candidate: unknown,
): Promise<AuditDocument> {
  const document = asDocument(candidate);
  const { pk, leafHash, mac, ...hashed } = document;
  const { tenantId, occurredAt, id } = hashed;
  const leaf = hashLeaf(canonicalJson(hashed));
  const inPlace = leaf.toString('hex') === leafHash && pk === partitionKey(tenantId, occurredAt, id);
  if (!inPlace || !(await cipher.verifyMac(tenantId, mac, leaf))) throw notOurs();
  return document;
}

/**
 * What was stated, of a document that came back from outside.
 * @throws MedrelayError AUDIT_DOCUMENT_INVALID, and what `FieldCipher.open` throws
 */
export async function openDocument(cipher: FieldCipher, candidate: unknown): Promise<AuditContent> {
  const { phi, ...statement } = statementOf(await provenDocument(cipher, candidate));
  if (!phi) return statement;
  const { tenantId, id } = statement;
  const opened = await Promise.all(
    Object.entries(phi).map(async ([path, sealed]): Promise<[string, string]> => {
      return [path, (await cipher.open(tenantId, sealed, { id, path })).toString('utf8')];
    }),
  );
  return { ...statement, phi: Object.fromEntries(opened) };
}

/** What the source stated, its secrets still sealed. */
export function statementOf(document: AuditDocument): Statement & Pick<AuditDocument, 'phi'> {
  return omit(document, 'pk', 'receivedAt', 'recordedBy', 'preset', 'sourceMac', 'leafHash', 'mac');
}

const mac = z.object({ kid: z.string(), val: z.string() });
const sealed = z.object({
  kid: z.string(),
  alg: z.literal('A256GCM'),
  iv: z.string(),
  ct: z.string(),
  tag: z.string(),
});
/** The members that opening relies on; the MAC vouches for the rest, because only our own documents carry a right one. */
const documentSchema = z.looseObject({
  ...{ id: z.string(), pk: z.string(), tenantId: z.string(), occurredAt: z.string(), leafHash: z.string() },
  ...{ mac, sourceMac: mac, phi: z.record(z.string(), sealed).optional() },
});

export function asDocument(candidate: unknown): AuditDocument {
  if (!documentSchema.safeParse(candidate).success) throw notOurs();
  return candidate as AuditDocument;
}

function notOurs(): MedrelayError {
  return new MedrelayError(
    'AUDIT_DOCUMENT_INVALID',
    'A document that claims to be an audit event was changed, or was not written by this product. Keep it and ' +
      'find out who put it there.',
  );
}

/** RFC 6962 section 2.1: a leaf is hashed with 0x00 before it, so that no node of the tree can pose as one. */
function hashLeaf(canonical: string): Buffer {
  return hash('sha256', `\0${canonical}`, 'buffer');
}

function omit<T extends object, K extends keyof T>(value: T, ...names: readonly K[]): Omit<T, K> {
  return Object.fromEntries(
    Object.entries(value).filter(([name]) => !names.some((each) => each === name)),
  ) as Omit<T, K>;
}
