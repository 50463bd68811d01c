import * as fc from 'fast-check';
import { eventId, partitionKey, partitionsOfDay } from '../../../src/lib/audit/identity';
import { createEventJournal } from '../../../src/lib/azure';
import type { AuditDocument } from '../../../src/lib/audit';
import { directoryPartition, patientPartition } from '../../../src/lib/fhir/store/documents';
import { createRawVault } from '../../../src/lib/ingest/raw-vault';
import {
  createFieldCipher,
  TENANT_ID,
  type FieldCipher,
  type FieldClass,
  type Sealed,
} from '../../../src/lib/security';
import { memoryKeyStore, xorWrap } from './fakes';

const AT = '2026-03-05T08:00:00.000Z';
const setUp = () => {
  const store = memoryKeyStore();
  return { store, cipher: createFieldCipher({ keyWrap: xorWrap(), store }) };
};

/** What people try: separators, climbing, look-alikes, other normal forms, prefixes, control characters, length. */
const HOSTILE = [
  ...[
    'a|b',
    'a|20260305',
    'a|20260305|0',
    'a/b',
    'a/phi-202603',
    '..',
    '.',
    '../a',
    'a/../b',
    'a\\b',
    'a%2fb',
  ],
  ...['a b', 'a\0', '\0', 'a\n', 'a\u200b', '\u0430', 'а-1', 'ａ', 'A', 'é', 'e\u0301', '\ud800', 'a\udc00'],
  ...[
    '',
    '-a',
    '_a',
    'a'.repeat(64),
    'a'.repeat(70_000),
    'a#',
    'a?b',
    "a'b",
    'a"b',
    '__proto__',
    'constructor',
  ],
];
const hostile = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', maxLength: 40 }));
/** Names that are near one another: prefixes, hyphens at the end, digits. */
const tenant = fc.oneof(
  fc.constantFrom('a', 'a-', 'a-1', 'a-1-', 'ab', 'a0', 'phi', 'phi-202603', 'subject', 'index-000000'),
  fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/),
);
const anyId = fc.oneof(hostile, fc.constantFrom('1', 'x|y', 'Patient/7')).filter(isWellFormed);
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
const fieldClass = fc.constantFrom<FieldClass>('phi', 'pii', 'financial');
const subject = fc.option(fc.constantFrom('Patient/1', 'Patient/2', 'Patient/1 '), { nil: undefined });

interface Place {
  readonly tenantId: string;
  readonly dataClass: FieldClass;
  readonly subject: string | undefined;
  readonly id: string;
  readonly path: string;
}
const place: fc.Arbitrary<Place> = fc.record({
  tenantId: tenant,
  dataClass: fieldClass,
  subject,
  id: anyId,
  path: anyId,
});

const sealAt = async (cipher: FieldCipher, at: Place, text: string): Promise<Sealed> =>
  (await cipher.sealer(at.tenantId, at.dataClass, AT, at.subject)).seal(Buffer.from(text, 'utf8'), at);

it('gives a hostile tenant id no key, no index, no name', async () => {
  const { cipher, store } = setUp();
  const vault = createRawVault({} as never, cipher);
  await fc.assert(
    fc.asyncProperty(
      hostile.filter((id) => !TENANT_ID.test(id)),
      async (id) => {
        const refused = expect.objectContaining({ code: 'TENANT_INVALID' }) as Error;
        await expect(cipher.sealer(id, 'phi', AT)).rejects.toEqual(refused);
        await expect(cipher.sealer(id, 'phi', AT, 'Patient/1')).rejects.toEqual(refused);
        await expect(cipher.sealBody(id, AT, Buffer.from('x'), 'x')).rejects.toEqual(refused);
        await expect(cipher.blindIndex(id, 'identifier.value', 'x')).rejects.toEqual(refused);
        await expect(vault.reference(id, Buffer.from('x'))).rejects.toEqual(refused);
        for (const kid of [`${id}/phi-202603`, `${id}/mac-202603`, `${id}/phi.${'0'.repeat(40)}`]) {
          const sealed = { kid, alg: 'A256GCM', iv: '', ct: '', tag: '' } as const;
          await expect(cipher.open(id, sealed, { id: 'e', path: 'p' })).rejects.toMatchObject({
            code: 'KEY_UNKNOWN',
          });
          await expect(cipher.verifyMac(id, { kid, val: '' }, Buffer.from('x'))).rejects.toMatchObject({
            code: 'KEY_UNKNOWN',
          });
        }
      },
    ),
  );
  expect(store.stored.size).toBe(0);
});

it('opens a ciphertext where it was sealed and nowhere else', async () => {
  const { cipher } = setUp();
  await fc.assert(
    fc.asyncProperty(place, place, fc.string(), async (here, there, text) => {
      const sealed = await sealAt(cipher, here, text);
      expect((await cipher.open(here.tenantId, sealed, here)).toString('utf8')).toBe(text);
      // Both have keys: what refuses is not that one is missing.
      const other = await sealAt(cipher, there, text);
      if (here.tenantId !== there.tenantId || here.id !== there.id || here.path !== there.path)
        await expect(cipher.open(there.tenantId, sealed, there)).rejects.toMatchObject({
          code: expect.stringMatching(/^(DECRYPT_FAILED|KEY_UNKNOWN)$/) as string,
        });
      // The other's key named instead: of another tenant, class or person.
      if (other.kid !== sealed.kid)
        for (const tenantId of [here.tenantId, there.tenantId])
          await expect(cipher.open(tenantId, { ...sealed, kid: other.kid }, here)).rejects.toMatchObject({
            code: expect.stringMatching(/^(DECRYPT_FAILED|KEY_UNKNOWN)$/) as string,
          });
    }),
    { numRuns: 200 },
  );
});

it('names one key per tenant, class, month and person', async () => {
  const { cipher, store } = setUp();
  await fc.assert(
    fc.asyncProperty(place, place, async (here, there) => {
      const [a, b] = [await sealAt(cipher, here, ''), await sealAt(cipher, there, '')];
      const isSame =
        here.tenantId === there.tenantId &&
        here.dataClass === there.dataClass &&
        here.subject === there.subject;
      expect(a.kid === b.kid).toBe(isSame);
    }),
  );
  for (const id of store.stored.keys()) expect(id).toMatch(/^[a-z0-9][a-z0-9-]{0,62}\/[a-z]+[-.][0-9a-f]+$/);
});

it('opens nothing for a key id that was made up', async () => {
  const { cipher } = setUp();
  const at = { tenantId: 'a', dataClass: 'phi', subject: undefined, id: 'e', path: 'p' } as const;
  const sealed = await sealAt(cipher, at, 'x');
  await sealAt(cipher, { ...at, subject: 'Patient/1' }, 'x');
  const kid = fc.oneof(
    hostile,
    hostile.map((text) => `a/${text}`),
    hostile.map((text) => `${text}/phi-202603`),
    hostile.map((text) => `a/phi-202603${text}`),
    fc.constantFrom('a/raw-202603', 'a/mac-202603', 'a/index-000000', 'a/subject-202603', 'a/pii-202603'),
  );
  await fc.assert(
    fc.asyncProperty(kid, async (made) => {
      if (made === sealed.kid) return;
      await expect(cipher.open('a', { ...sealed, kid: made }, at)).rejects.toMatchObject({
        code: expect.stringMatching(/^(DECRYPT_FAILED|KEY_UNKNOWN)$/) as string,
      });
    }),
  );
});

it('opens a raw body for its tenant and its hash alone', async () => {
  const { cipher } = setUp();
  await fc.assert(
    fc.asyncProperty(tenant, tenant, anyId, anyId, async (one, two, id, otherId) => {
      const blob = await cipher.sealBody(one, AT, Buffer.from('MSH|'), id);
      await cipher.sealBody(two, AT, Buffer.from('MSH|'), id);
      if (one !== two)
        await expect(cipher.openBody(two, blob, id)).rejects.toMatchObject({ code: 'KEY_UNKNOWN' });
      if (id !== otherId)
        await expect(cipher.openBody(one, blob, otherId)).rejects.toMatchObject({ code: 'DECRYPT_FAILED' });
    }),
  );
});

it('gives equal values one index within a tenant and field, and nothing else a common one', async () => {
  const { cipher } = setUp();
  const indexed = fc.record({
    tenantId: tenant,
    field: fc.constantFrom('identifier.value', 'raw.sha256'),
    value: fc.constantFrom('12', '1 2', '12 ', '123', 'ab', 'c', '\u00e9', 'e\u0301', '１２'),
  });
  const normal = (field: string, value: string): string =>
    field === 'raw.sha256' ? value : value.normalize('NFKC').trim().toUpperCase();
  await fc.assert(
    fc.asyncProperty(indexed, indexed, async (a, b) => {
      const [one, two] = await Promise.all(
        [a, b].map(async ({ tenantId, field, value }) =>
          cipher.blindIndex(tenantId, field as 'raw.sha256', value),
        ),
      );
      const isSame =
        a.tenantId === b.tenantId &&
        a.field === b.field &&
        normal(a.field, a.value) === normal(b.field, b.value);
      expect(one === two).toBe(isSame);
      expect(one).toMatch(/^[\w-]{22}$/);
    }),
    { numRuns: 500 },
  );
});

it('gives different events different ids, however the letters are divided', () => {
  const part = anyId.filter((text) => text.length < 100);
  fc.assert(
    fc.property(fc.tuple(tenant, part, part), fc.tuple(tenant, part, part), (a, b) => {
      const isSame = a.every((text, i) => text === b[i]);
      expect(eventId(...a) === eventId(...b)).toBe(isSame);
      expect(eventId(...a)).toMatch(/^[a-z2-7]{32}$/);
    }),
  );
  fc.assert(
    fc.property(fc.string({ minLength: 2 }), fc.nat(), (text, n) => {
      const cut = 1 + (n % (text.length - 1));
      expect(eventId('a', text.slice(0, cut), text.slice(cut))).not.toBe(eventId('a', text, ''));
    }),
  );
  expect(() => eventId('a', '\ud800', 'x')).toThrow(
    expect.objectContaining({ code: 'TEXT_INVALID' }) as Error,
  );
});

it('keeps the partitions of tenants apart, whatever the ids', () => {
  const tenantOfPartition = (pk: string): string => pk.slice(0, pk.indexOf('|'));
  const id = fc.stringMatching(/^[A-Za-z0-9.-]{1,64}$/);
  fc.assert(
    fc.property(tenant, hostile, id, (tenantId, other, resourceId) => {
      const event = eventId(tenantId, 's', 'k');
      const own = [
        ...partitionsOfDay(tenantId, '20260305'),
        partitionKey(tenantId, AT, event),
        patientPartition(tenantId, resourceId),
        directoryPartition(tenantId, 'Practitioner', resourceId),
      ];
      for (const pk of own) expect(tenantOfPartition(pk)).toBe(tenantId);
      expect(partitionsOfDay(tenantId, '20260305')).toContain(partitionKey(tenantId, AT, event));
      if (other === tenantId) return;
      // A caller that was never checked asks for partitions of its own, which no tenant has.
      const asked = new Set([
        ...partitionsOfDay(other, '20260305'),
        patientPartition(other, resourceId),
        directoryPartition(other, 'Practitioner', resourceId),
      ]);
      expect(own.filter((pk) => asked.has(pk))).toEqual([]);
    }),
  );
});

it('names the blobs of a tenant below its own name', async () => {
  const { cipher } = setUp();
  const names: string[] = [];
  const blobContainer = () =>
    Promise.resolve({
      getBlockBlobClient: (name: string) => {
        names.push(name);
        return { upload: () => Promise.resolve() };
      },
    });
  const azure = { blobContainer } as never;
  await fc.assert(
    fc.asyncProperty(tenant, fc.uint8Array(), async (tenantId, bytes) => {
      const { blob } = await createRawVault(azure, cipher).reference(tenantId, bytes);
      expect(blob).toMatch(new RegExp(`^${tenantId}/[\\w-]{22}$`));
      const id = eventId(tenantId, 's', 'k');
      const document = { tenantId, id } as AuditDocument;
      await createEventJournal(azure).create(document, AbortSignal.timeout(60_000));
      expect(names.at(-1)).toBe(`journal/${tenantId}/${id}.json`);
    }),
  );
});
