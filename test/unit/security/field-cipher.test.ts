import * as fc from 'fast-check';
import {
  createFieldCipher,
  type FieldCipher,
  type FieldClass,
  type Mac,
  type Sealed,
  type SealedAt,
} from '../../../src/lib/security';
import { memoryKeyStore, xorWrap } from './fakes';

const AT = '2026-03-05T08:00:00Z';
const place = { id: 'e1', path: 'patient.name' };
const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');
const setUp = (now?: () => number) => {
  const store = memoryKeyStore();
  const keyWrap = xorWrap();
  return { store, keyWrap, cipher: createFieldCipher({ keyWrap, store, now }) };
};
/** One field, as a caller would seal it. */
const sealIn = async (
  cipher: FieldCipher,
  tenantId: string,
  dataClass: FieldClass,
  at: string,
  plain: Uint8Array,
  where: SealedAt,
): Promise<Sealed> => (await cipher.sealer(tenantId, dataClass, at)).seal(plain, where);
const macIn = async (cipher: FieldCipher, tenantId: string, plain: Uint8Array): Promise<Mac> =>
  (await cipher.sealer(tenantId, 'phi', AT)).mac(plain);
const tenant = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,10}$/);

describe('sealing fields', () => {
  it('opens what it sealed, for any bytes and place', async () => {
    const { cipher } = setUp();
    await fc.assert(
      fc.asyncProperty(
        tenant,
        fc.uint8Array(),
        fc.string(),
        fc.string(),
        async (tenantId, plain, id, path) => {
          const sealed = await sealIn(cipher, tenantId, 'phi', AT, plain, { id, path });
          expect(sealed.kid).toBe(`${tenantId}/phi-202603`);
          expect(await cipher.open(tenantId, sealed, { id, path })).toEqual(Buffer.from(plain));
        },
      ),
    );
  });

  it('refuses after any flipped bit', async () => {
    const { cipher } = setUp();
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1 }),
        fc.constantFrom('iv', 'ct', 'tag'),
        fc.nat(),
        async (plain, part, n) => {
          const sealed = await sealIn(cipher, 'a', 'phi', AT, plain, place);
          const changed = Buffer.from(sealed[part], 'base64');
          const bit = n % (changed.length * 8);
          changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
          await expect(
            cipher.open('a', { ...sealed, [part]: changed.toString('base64') }, place),
          ).rejects.toMatchObject({
            code: 'DECRYPT_FAILED',
          });
        },
      ),
    );
  });

  it('refuses a shortened tag', async () => {
    const { cipher } = setUp();
    const sealed = await sealIn(cipher, 'a', 'phi', AT, bytes('x'), place);
    const tag = Buffer.from(sealed.tag, 'base64').subarray(0, 4).toString('base64');
    await expect(cipher.open('a', { ...sealed, tag }, place)).rejects.toMatchObject({
      code: 'DECRYPT_FAILED',
    });
  });

  it.each([
    ['another document', { id: 'e2', path: place.path }],
    ['another path', { id: 'e1', path: 'patient.birthDate' }],
    ['the same letters cut elsewhere', { id: 'e1patient', path: '.name' }],
  ])('refuses in %s', async (_, elsewhere) => {
    const { cipher } = setUp();
    const sealed = await sealIn(cipher, 'a', 'phi', AT, bytes('x'), place);
    await expect(cipher.open('a', sealed, elsewhere)).rejects.toMatchObject({ code: 'DECRYPT_FAILED' });
  });

  it('refuses in another tenant, also with the key id rewritten and the wrapped key copied', async () => {
    const { cipher, store } = setUp();
    const sealed = await sealIn(cipher, 'a', 'phi', AT, bytes('x'), place);
    await expect(cipher.open('b', sealed, place)).rejects.toMatchObject({ code: 'KEY_UNKNOWN' });
    const stolen = store.stored.get('a/phi-202603');
    if (!stolen) throw new Error('no key was stored');
    store.stored.set('b/phi-202603', stolen);
    const moved = { ...sealed, kid: 'b/phi-202603' };
    await expect(cipher.open('b', moved, place)).rejects.toMatchObject({ code: 'DECRYPT_FAILED' });
  });

  it('refuses under the key of another class', async () => {
    const { cipher, store } = setUp();
    const sealed = await sealIn(cipher, 'a', 'phi', AT, bytes('x'), place);
    const key = store.stored.get('a/phi-202603');
    if (!key) throw new Error('no key was stored');
    for (const dataClass of ['raw', 'mac']) {
      const id = `${dataClass}-202603`;
      store.stored.set(`a/${id}`, { ...key, id });
      await expect(cipher.open('a', { ...sealed, kid: `a/${id}` }, place)).rejects.toMatchObject({
        code: 'DECRYPT_FAILED',
      });
    }
  });

  it('never repeats a ciphertext', async () => {
    const { cipher } = setUp();
    const cts = await Promise.all(
      Array.from({ length: 50 }, () => sealIn(cipher, 'a', 'phi', AT, bytes('same'), place)),
    );
    expect(new Set(cts.map(({ ct }) => ct)).size).toBe(50);
  });

  it.each(['A', 'a|b', '..', 'a/b', '', 'ａ', '-a', 'a'.repeat(64)])(
    'refuses tenant id %j',
    async (tenantId) => {
      const { cipher } = setUp();
      await expect(sealIn(cipher, tenantId, 'phi', AT, bytes('x'), place)).rejects.toMatchObject({
        code: 'TENANT_INVALID',
      });
    },
  );
});

describe('data keys', () => {
  it('waits for nothing once a key is there', async () => {
    const { cipher } = setUp();
    expect(cipher.sealer('a', 'phi', AT)).toBeInstanceOf(Promise);
    await cipher.sealer('a', 'phi', AT);
    const sealer = cipher.sealer('a', 'phi', AT);
    if (sealer instanceof Promise) throw new Error('it waits');
    const mac = sealer.mac(bytes('x'));
    expect(cipher.verifyMac('a', mac, bytes('x'))).toBe(true);
  });

  it('makes one key per tenant, class and month of the datum', async () => {
    const { cipher, store } = setUp();
    await sealIn(cipher, 'a', 'phi', '2026-03-31T23:59:59.999Z', bytes('x'), place);
    await sealIn(cipher, 'a', 'phi', '2026-03-01T00:00:00Z', bytes('x'), place);
    await sealIn(cipher, 'a', 'phi', '2026-04-01T00:00:00Z', bytes('x'), place);
    await sealIn(cipher, 'b', 'phi', '2026-03-01T00:00:00Z', bytes('x'), place);
    await cipher.sealBody('a', '2026-03-01T00:00:00Z', bytes('x'), 'id');
    await cipher.blindIndex('a', 'identifier.value', 'x');
    expect([...store.stored.keys()].sort()).toEqual([
      'a/index-000000',
      'a/mac-202603',
      'a/mac-202604',
      'a/phi-202603',
      'a/phi-202604',
      'a/raw-202603',
      'b/mac-202603',
      'b/phi-202603',
    ]);
  });

  it('uses the key that was first when two instances make one at once', async () => {
    const store = memoryKeyStore();
    const keyWrap = xorWrap();
    const blind = { ...store, read: () => Promise.resolve(undefined) };
    const [one, two] = [
      createFieldCipher({ keyWrap, store: blind }),
      createFieldCipher({ keyWrap, store: blind }),
    ];
    const sealed = await Promise.all([
      sealIn(one, 'a', 'phi', AT, bytes('1'), place),
      sealIn(two, 'a', 'phi', AT, bytes('2'), place),
    ]);
    const reader = createFieldCipher({ keyWrap, store });
    const opened = await Promise.all(sealed.map((each) => reader.open('a', each, place)));
    expect(opened.map(String)).toEqual(['1', '2']);
  });

  it('unwraps once an hour, also when many ask at once', async () => {
    let now = 0;
    const { cipher, store, keyWrap } = setUp(() => now);
    const sealed = await Promise.all(
      Array.from({ length: 20 }, () => sealIn(cipher, 'a', 'phi', AT, bytes('x'), place)),
    );
    now = 60 * 60 * 1000 - 1;
    await cipher.open('a', sealed[0] ?? (Promise.reject(new Error()) as never), place);
    // One of the fields' key, one of the MACs'.
    expect([store.reads, keyWrap.unwraps]).toEqual([2, 2]);
    now += 1;
    await sealIn(cipher, 'a', 'phi', AT, bytes('x'), place);
    expect([store.reads, keyWrap.unwraps]).toEqual([4, 4]);
  });

  it('does not remember a failure', async () => {
    const { cipher, store } = setUp();
    const read = store.read.bind(store);
    store.read = () => Promise.reject(new Error('away'));
    await expect(sealIn(cipher, 'a', 'phi', AT, bytes('x'), place)).rejects.toThrow('away');
    store.read = read;
    await expect(sealIn(cipher, 'a', 'phi', AT, bytes('x'), place)).resolves.toBeDefined();
  });
});

describe('MAC', () => {
  it('is equal for equal bytes, differs by tenant, and refuses changed bytes', async () => {
    const { cipher } = setUp();
    const mac = await macIn(cipher, 'a', bytes('content'));
    expect(await macIn(cipher, 'a', bytes('content'))).toEqual(mac);
    expect((await macIn(cipher, 'b', bytes('content'))).val).not.toBe(mac.val);
    expect(await cipher.verifyMac('a', mac, bytes('content'))).toBe(true);
    expect(await cipher.verifyMac('a', mac, bytes('Content'))).toBe(false);
    expect(await cipher.verifyMac('a', { ...mac, val: '' }, bytes('content'))).toBe(false);
    await expect(cipher.verifyMac('b', mac, bytes('content'))).rejects.toMatchObject({ code: 'KEY_UNKNOWN' });
  });
});

describe('sealing bodies', () => {
  it('opens what it sealed and refuses any flipped bit, a cut and another identity', async () => {
    const { cipher } = setUp();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(), fc.nat(), async (body, n, cut) => {
        const blob = await cipher.sealBody('a', AT, body, 'sha-1');
        expect(await cipher.openBody('a', blob, 'sha-1')).toEqual(Buffer.from(body));
        await expect(cipher.openBody('a', blob, 'sha-2')).rejects.toMatchObject({ code: 'DECRYPT_FAILED' });
        await expect(cipher.openBody('b', blob, 'sha-1')).rejects.toMatchObject({ code: 'KEY_UNKNOWN' });
        await expect(
          cipher.openBody('a', blob.subarray(0, cut % blob.length), 'sha-1'),
        ).rejects.toMatchObject({
          code: 'DECRYPT_FAILED',
        });
        const bit = n % (blob.length * 8);
        const changed = Buffer.from(blob);
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        // A flip within the key's name asks for a key that does not exist.
        await expect(cipher.openBody('a', changed, 'sha-1')).rejects.toMatchObject({
          code: expect.stringMatching(/^(DECRYPT_FAILED|KEY_UNKNOWN)$/) as string,
        });
      }),
    );
  });

  it('takes 20 MB with 200 bytes on top', async () => {
    const { cipher } = setUp();
    const body = Buffer.alloc(20 * 1024 * 1024, 'OBX|');
    const blob = await cipher.sealBody('a', AT, body, 'x');
    expect(blob.length - body.length).toBeLessThan(200);
    expect(body.equals(await cipher.openBody('a', blob, 'x'))).toBe(true);
  });
});
