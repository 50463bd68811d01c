import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFhirStore, protectedContainer, protectionPolicySchema } from '../../../src/lib/fhir';
import type { ProtectedContainer } from '../../../src/lib/fhir';
import type { ProtectedDocument } from '../../../src/lib/fhir/store/protected';
import { createFieldCipher } from '../../../src/lib/security';
import { memoryKeyStore, xorWrap } from '../security/fakes';
import { MemoryContainer } from './memory-container';

const policy = protectionPolicySchema.parse(
  JSON.parse(readFileSync(join(__dirname, '../../../config/protection/identifiers.json'), 'utf8')),
);

const mark = 'CANARY';
const patient = {
  resourceType: 'Patient',
  id: 'p1',
  identifier: [{ system: 'urn:mrn', value: `${mark}-mrn` }],
  name: [{ family: `${mark}-family`, given: [`${mark}-given`] }],
  _birthDate: { extension: [{ url: 'u', valueString: `${mark}-birth` }] },
  birthDate: '1961-06-15',
  address: [{ city: `${mark}-city` }],
  contact: [{ name: { family: `${mark}-contact` } }],
  gender: 'female',
} as const;
const observation = {
  resourceType: 'Observation',
  id: 'o1',
  status: 'final',
  code: { text: 'K' },
  subject: { reference: 'urn:uuid:p1' },
  valueQuantity: { value: 6.8 },
  note: [{ text: `${mark}-note` }],
} as const;

function setUp() {
  const memory = new MemoryContainer();
  const cipher = createFieldCipher({ keyWrap: xorWrap(), store: memoryKeyStore() });
  // The memory container keeps what it is given, so it does for stored forms as well.
  const container = protectedContainer(memory as unknown as ProtectedContainer, cipher, policy);
  return { memory, cipher, store: createFhirStore(container), container };
}
const stored = (memory: MemoryContainer) => memory.all() as unknown as ProtectedDocument[];

function statements(resources: readonly { readonly resourceType: string; readonly id: string }[]) {
  const entry = resources.map((resource) => ({ fullUrl: `urn:uuid:${resource.id}`, resource }));
  return {
    bundle: { resourceType: 'Bundle', type: 'transaction', entry } as never,
    deletions: [],
    mentions: [],
  };
}
const message = (messageKey: string, sourceTime = '2026-03-01T10:00:00.000Z') => ({
  tenantId: 'demo',
  messageKey,
  sourceTime,
});

test('nothing marked is stored in the open, and reading gives all of it back', async () => {
  const { memory, store } = setUp();
  await store.storeBundle(statements([patient, observation]), message('m1'));
  expect(JSON.stringify(stored(memory))).not.toContain(mark);
  expect(JSON.stringify(stored(memory))).not.toContain('1961');
  const [ofPatient] = stored(memory).filter(({ id }) => id === 'Patient|p1');
  expect(ofPatient).toMatchObject({ protection: policy.version, resource: { gender: 'female' } });
  expect(Object.keys(ofPatient?.sealed ?? {})).toEqual(['pii']);
  expect(await store.getResource('demo', 'Patient', 'p1')).toMatchObject(patient);
  expect(await store.getResource('demo', 'Observation', 'o1')).toMatchObject({ note: observation.note });
});

test('a redelivery writes nothing, and a repeated statement of another message no new version', async () => {
  const { memory, store } = setUp();
  await store.storeBundle(statements([patient, observation]), message('m1'));
  const before = memory.snapshot();
  await store.storeBundle(statements([patient, observation]), message('m1'));
  expect(memory.snapshot()).toEqual(before);
  await store.storeBundle(statements([patient]), message('m2', '2026-03-02T10:00:00.000Z'));
  expect(memory.all('version').filter(({ resourceType }) => resourceType === 'Patient')).toHaveLength(1);
  expect(await store.getResource('demo', 'Patient', 'p1')).toMatchObject({ meta: { versionId: '1' } });
});

test('a patient is found by a number in any spelling, and by no other', async () => {
  const { memory, store } = setUp();
  await store.storeBundle(statements([patient]), message('m1'));
  const found = (patientMrn: string) => store.searchResources('demo', { type: 'Patient', patientMrn });
  expect(await found(`${mark}-mrn`)).toHaveLength(1);
  expect(await found(` ${mark.toLowerCase()}-MRN `)).toHaveLength(1);
  expect(await found(`${mark}-mr`)).toHaveLength(0);
  expect(await store.searchResources('other', { type: 'Patient', patientMrn: `${mark}-mrn` })).toHaveLength(
    0,
  );
  const indexes = stored(memory).map(({ identifierIndex }) => identifierIndex);
  expect(indexes.filter((each) => each !== undefined)).toHaveLength(1);
  expect(indexes.flat().filter(Boolean)).toEqual([expect.stringMatching(/^[\w-]{22}$/)]);
});

test.each<[string, (documents: Map<string, { document: ProtectedDocument }>) => void]>([
  [
    'another patient',
    (documents) => swap(documents, 'demo|Patient/p1 Patient|p1', 'demo|Patient/p2 Patient|p2'),
  ],
  [
    'the same id in another partition',
    (documents) => swap(documents, 'demo|Patient/p1 Patient|p1', 'demo|Patient/p9 Patient|p1'),
  ],
  [
    'another tenant',
    (documents) => swap(documents, 'demo|Patient/p1 Patient|p1', 'other|Patient/p1 Patient|p1'),
  ],
  [
    'its own history',
    (documents) => swap(documents, 'demo|Patient/p1 Patient|p1', 'demo|Patient/p1 Patient|p1|v|m1'),
  ],
  [
    'another class',
    (documents) => {
      const entry = documents.get('demo|Patient/p1 Patient|p1');
      if (entry) entry.document = { ...entry.document, sealed: { phi: entry.document.sealed?.pii } };
    },
  ],
])('a ciphertext moved to %s does not open', async (_, tamper) => {
  const { memory, store, container } = setUp();
  await store.storeBundle(statements([patient, { ...patient, id: 'p2' }]), message('m1'));
  await store.storeBundle(statements([patient]), { ...message('m1'), tenantId: 'other' });
  const [copy] = await container.read('demo|Patient/p1', ['Patient|p1']);
  if (copy) {
    const document = { ...copy.document, pk: 'demo|Patient/p9' };
    await container.commit('demo|Patient/p9', [{ type: 'create', document }]);
  }
  tamper(memory.documents as unknown as Map<string, { document: ProtectedDocument }>);
  await expect(container.read('demo|Patient/p1', ['Patient|p1'])).rejects.toMatchObject({
    code: expect.stringMatching(/^(DECRYPT_FAILED|KEY_UNKNOWN)$/) as string,
  });
});

function swap(documents: Map<string, { document: ProtectedDocument }>, a: string, b: string): void {
  const [one, two] = [documents.get(a), documents.get(b)];
  if (!one?.document.sealed || !two?.document.sealed) throw new Error('no such document');
  [one.document, two.document] = [
    { ...one.document, sealed: two.document.sealed },
    { ...two.document, sealed: one.document.sealed },
  ];
}
