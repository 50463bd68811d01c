import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { keyFileWrap } from '../../../src/lib/security';

let folder: string;
let file: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'medrelay-keys-'));
  file = path.join(folder, 'keys', 'kek.json');
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const dataKey = Buffer.alloc(32, 7);

it('is refused outside Development and makes no file', () => {
  for (const environment of [undefined, '', 'Production', 'development']) {
    expect(() => keyFileWrap(file, environment)).toThrow(
      expect.objectContaining({ code: 'KEY_FILE_REFUSED' }) as Error,
    );
  }
  expect(fs.existsSync(file)).toBe(false);
});

it('makes the file at first use, for its owner only, and leaves no draft', async () => {
  const keys = keyFileWrap(file, 'Development');
  expect(fs.existsSync(file)).toBe(false);
  const { keyId, wrapped } = await keys.wrap(dataKey);
  expect(keyId).toBe(keys.keyId);
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  expect(fs.readdirSync(path.dirname(file))).toEqual(['kek.json']);
  expect(Buffer.from(wrapped).includes(dataKey)).toBe(false);
  expect(await keyFileWrap(file, 'Development').unwrap(keyId, wrapped)).toEqual(dataKey);
});

it('gives RFC 3394 section 4.6: 256 bits of key data under a 256-bit key', async () => {
  const key = Buffer.from('000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F', 'hex');
  const data = Buffer.from('00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F', 'hex');
  writeKeys({ v: 1, current: 'k', keys: { k: { created: 'then', key: key.toString('base64') } } });
  const { wrapped } = await keyFileWrap(file, 'Development').wrap(data);
  expect(Buffer.from(wrapped).toString('hex').toUpperCase()).toBe(
    '28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21',
  );
});

it('keeps older versions, and notices a rotation made by another process', async () => {
  const first = { created: 'then', key: Buffer.alloc(32, 1).toString('base64') };
  const second = { created: 'now', key: Buffer.alloc(32, 2).toString('base64') };
  writeKeys({ v: 1, current: 'one', keys: { one: first } });
  const running = keyFileWrap(file, 'Development');
  const old = await running.wrap(dataKey);
  writeKeys({ v: 1, current: 'two', keys: { one: first, two: second } });
  const young = await keyFileWrap(file, 'Development').wrap(dataKey);
  expect([old.keyId, young.keyId]).toEqual(['file:one', 'file:two']);
  expect(await running.unwrap(young.keyId, young.wrapped)).toEqual(dataKey);
  expect(await running.unwrap(old.keyId, old.wrapped)).toEqual(dataKey);
});

it('names a version that it does not hold and bytes that were changed', async () => {
  const keys = keyFileWrap(file, 'Development');
  const { keyId, wrapped } = await keys.wrap(dataKey);
  await expect(keys.unwrap('file:other', wrapped)).rejects.toMatchObject({ code: 'KEY_KEEPER_MISSING' });
  await expect(keys.unwrap('file:__proto__', wrapped)).rejects.toMatchObject({ code: 'KEY_KEEPER_MISSING' });
  await expect(keys.unwrap('https://vault/keys/k', wrapped)).rejects.toMatchObject({
    code: 'KEY_KEEPER_MISSING',
  });
  const changed = Uint8Array.from(wrapped, (byte, i) => (i === 9 ? byte ^ 1 : byte));
  await expect(keys.unwrap(keyId, changed)).rejects.toMatchObject({ code: 'KEY_UNWRAP_FAILED' });
});

it('stops at a damaged or exposed file instead of making another key', () => {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, '{"v":1', { mode: 0o600 });
  expect(() => keyFileWrap(file, 'Development').keyId).toThrow(
    expect.objectContaining({ code: 'KEY_FILE_DAMAGED' }) as Error,
  );
  expect(fs.readFileSync(file, 'utf8')).toBe('{"v":1');
  fs.chmodSync(file, 0o644);
  expect(() => keyFileWrap(file, 'Development').keyId).toThrow(/chmod 600/);
});

function writeKeys(keys: object): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify(keys), { mode: 0o600 });
}
