import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';

/** A key whose signatures are looked for. */
export interface NoteKey {
  /** hex of the four bytes that a signature line names its key by */
  readonly id: string;
  /** `SHA256:` and 64 hex digits, over the DER of the SPKI: what people compare. */
  readonly fingerprint: string;
  readonly publicKey: KeyObject;
}

/**
 * C2SP signed-note, signature type 0x02 (ECDSA): unlike for the other types, the id is the beginning of the SHA-256 of the
 * key's SPKI in DER.
 */
export function noteKey(spki: Uint8Array): NoteKey {
  const digest = createHash('sha256').update(spki).digest('hex');
  return {
    id: digest.slice(0, 8),
    fingerprint: `SHA256:${digest}`,
    publicKey: createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }),
  };
}

export interface NoteSignature {
  readonly name: string;
  /** hex */
  readonly keyId: string;
  /** ECDSA over SHA-256 of the text, in DER. */
  readonly signature: Uint8Array;
}

export interface SignedNote {
  /** With its last line's end. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export function formatNote({ text, signatures }: SignedNote): string {
  const lines = signatures.map(({ name, keyId, signature }) => {
    const bytes = Buffer.concat([Buffer.from(keyId, 'hex'), signature]);
    return `— ${name} ${bytes.toString('base64')}\n`;
  });
  return `${text}\n${lines.join('')}`;
}

/** Far above 16, which everybody must accept, and far below what would keep a verifier busy. */
const MAX_SIGNATURES = 64;
const CONTROL = /[\0-\x09\x0b-\x1f]/;
/** A name holds neither spaces nor `+`. */
const SIGNATURE = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/;

/** Undefined for what is not a signed note. */
export function parseNote(note: string): SignedNote | undefined {
  const end = note.lastIndexOf('\n\n');
  if (end < 1 || !note.endsWith('\n') || CONTROL.test(note)) return undefined;
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) return undefined;
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const [, name, packed] = SIGNATURE.exec(line) ?? [];
    const bytes = Buffer.from(packed ?? '', 'base64');
    // Base64 has spare bits: only the one right spelling counts, or a note could be changed and stay valid.
    if (name === undefined || bytes.length < 5 || bytes.toString('base64') !== packed) return undefined;
    signatures.push({ name, keyId: bytes.toString('hex', 0, 4), signature: bytes.subarray(4) });
  }
  return { text: note.slice(0, end + 1), signatures };
}

/**
 * Whether a note is signed under this name by one of these keys. A signature of a key that is not known counts for
 * nothing; a wrong one that claims a known key spoils the note (C2SP signed-note, "Signatures").
 */
export function checkSignatures(
  { text, signatures }: SignedNote,
  name: string,
  keys: readonly NoteKey[],
): { readonly verdict: 'signed'; readonly key: NoteKey } | { readonly verdict: 'forged' | 'key-unknown' } {
  let signer: NoteKey | undefined;
  for (const { name: claimed, keyId, signature } of signatures) {
    const candidates = claimed === name ? keys.filter(({ id }) => id === keyId) : [];
    if (candidates.length === 0) continue;
    const key = candidates.find(({ publicKey }) => verify('sha256', Buffer.from(text), publicKey, signature));
    if (!key) return { verdict: 'forged' };
    signer ??= key;
  }
  return signer ? { verdict: 'signed', key: signer } : { verdict: 'key-unknown' };
}
