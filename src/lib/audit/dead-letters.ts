import { createHash } from 'node:crypto';
import { MedrelayError } from '../errors';
import { safeError, type FieldCipher } from '../security';
import { provenDocument, type AuditDocument } from './document';
import type { AuditReplay, Replayed } from './replay';
import type { Audit } from './types';

/** A message among the dead letters of `audit-ingest`. */
export interface Letter {
  /** The broker's: `sequenceNumber`, `enqueuedTimeUtc`. */
  readonly metadata: unknown;
  readonly body: Uint8Array;
  readonly reason: string;
}

export interface LetterQueue {
  peek(): Promise<readonly Letter[]>;
  /** Each that matches is completed once `handle` has resolved for it. */
  take(
    matches: (letter: Letter) => boolean,
    handle: (letter: Letter) => Promise<void>,
  ): Promise<readonly Letter[]>;
}

export interface DeadLetterPorts {
  readonly letters: LetterQueue;
  readonly replay: AuditReplay;
  readonly audit: Audit;
  readonly cipher: FieldCipher;
  /** Under whom is kept what names no tenant of ours. */
  readonly defaultTenant: string;
  /** Create-only; keeps what was discarded. Resolves as well when it is there already. */
  readonly archive: (name: string, body: Uint8Array) => Promise<void>;
}

/** What may be shown of a letter: nothing of a body that is not ours, for it could be anything. */
export interface Inspected {
  /** The broker's sequence number: how people name it. */
  readonly number: string;
  readonly reason: string;
  readonly enqueuedAt: string;
  readonly sha256: string;
  readonly bytes: number;
  /** The code of what is wrong with it, or `intact`. */
  readonly finding: string;
  /** Where it is intact: the event without its sealed fields. */
  readonly event?: AuditDocument;
}

export interface DeadLetters {
  list(): Promise<readonly Inspected[]>;
  /** @throws MedrelayError DEAD_LETTER_UNKNOWN */
  show(number: string): Promise<Inspected>;
  /** Brings one, or all, into the store again; what is refused stays where it is. */
  replay(number: string | undefined): Promise<Record<Replayed | 'postponed' | 'refused', number>>;
  /** Takes one out for good, once its approver is recorded and its body is archived, sealed. Resolves to the blob's name. */
  discard(number: string, approver: string, by: string): Promise<string>;
}

export function createDeadLetters(ports: DeadLetterPorts): DeadLetters {
  const { letters, replay, audit, cipher, defaultTenant, archive } = ports;

  async function inspect(letter: Letter): Promise<Inspected> {
    const known = {
      number: numberOf(letter),
      reason: letter.reason,
      enqueuedAt: enqueuedAtOf(letter),
      sha256: createHash('sha256').update(letter.body).digest('hex'),
      bytes: letter.body.byteLength,
    };
    try {
      const document = await provenDocument(cipher, parsed(letter));
      return { ...known, finding: 'intact', event: { ...document, phi: undefined } };
    } catch (error) {
      return { ...known, finding: safeError(error).code };
    }
  }

  return {
    list: async () => Promise.all((await letters.peek()).map(inspect)),

    async show(number) {
      const letter = (await letters.peek()).find((each) => numberOf(each) === number);
      if (letter) return inspect(letter);
      throw unknown(number);
    },

    async replay(number) {
      const counts = { persisted: 0, duplicate: 0, conflict: 0, postponed: 0, refused: 0 };
      const tried = new Map<string, Replayed | 'postponed' | 'refused'>();
      for (const letter of await letters.peek()) {
        if (number !== undefined && numberOf(letter) !== number) continue;
        const outcome = await replay.replayQueued(parsed(letter)).catch((): 'refused' => 'refused');
        tried.set(numberOf(letter), outcome);
        counts[outcome] += 1;
      }
      if (number !== undefined && tried.size === 0) throw unknown(number);
      const isDone = (letter: Letter): boolean => (tried.get(numberOf(letter)) ?? 'refused') !== 'refused';
      if ([...tried.values()].some((outcome) => outcome !== 'refused'))
        await letters.take(isDone, () => Promise.resolve());
      return counts;
    },

    async discard(number, approver, by) {
      let name: string | undefined;
      await letters.take(
        (letter) => numberOf(letter) === number,
        async (letter) => {
          const { sha256, event, reason, finding, enqueuedAt } = await inspect(letter);
          const tenantId = event?.tenantId ?? defaultTenant;
          name = `discarded/${tenantId}/${sha256}`;
          await archive(name, await cipher.sealBody(tenantId, enqueuedAt, letter.body, sha256));
          await audit.record({
            tenantId,
            source: 'dead-letters',
            // One decision about one body, however often it is repeated or delivered again.
            sourceKey: `discard/${sha256}`,
            occurredAt: enqueuedAt,
            type: {
              system: 'http://dicom.nema.org/resources/ontology/DCM',
              code: '110113',
              display: 'Security Alert',
            },
            subtype: [{ system: 'urn:medrelay:audit-event-type', code: 'dead-letter.discarded' }],
            action: 'D',
            outcome: '0',
            outcomeCode: finding,
            agents: [
              { who: by, requestor: true },
              {
                who: `approver/${createHash('sha256').update(approver).digest('hex').slice(0, 16)}`,
                requestor: false,
                name: approver,
              },
            ],
            entities: [
              {
                type: { system: 'http://terminology.hl7.org/CodeSystem/audit-entity-type', code: '2' },
                role: { system: 'http://terminology.hl7.org/CodeSystem/object-role', code: '13' },
                what: event ? `AuditEvent/${event.id}` : `audit-archive/${name}`,
              },
            ],
            classification: 'PII',
            ext: { sha256, bytes: letter.body.byteLength, reason: codeOf(reason) },
          });
        },
      );
      if (name === undefined) throw unknown(number);
      return name;
    },
  };
}

const numberOf = ({ metadata }: Letter): string =>
  String((metadata as { readonly sequenceNumber?: unknown }).sequenceNumber);

function enqueuedAtOf({ metadata }: Letter): string {
  const { enqueuedTimeUtc: at } = metadata as { readonly enqueuedTimeUtc?: unknown };
  return (at instanceof Date ? at : new Date(0)).toISOString();
}

/** A dead-letter reason is ours or the broker's, but nothing enforces that. */
const codeOf = (reason: string): string => (/^[\w.-]{1,100}$/.test(reason) ? reason : 'OTHER');

function parsed({ body }: Letter): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
}

function unknown(number: string): MedrelayError {
  return new MedrelayError(
    'DEAD_LETTER_UNKNOWN',
    `There is no dead letter ${/^\d{1,20}$/.test(number) ? number : 'of this number'}. ` +
      'See "medrelay audit dead-letters list" for those that wait.',
  );
}
