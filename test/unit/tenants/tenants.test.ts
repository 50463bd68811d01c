import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allowsSender, loadTenants } from '../../../src/lib/tenants';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'medrelay-tenants-'));
  mkdirSync(join(folder, 'tenants'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (file: string, content: unknown): void =>
  writeFileSync(
    join(folder, 'tenants', file),
    typeof content === 'string' ? content : JSON.stringify(content),
  );
const tenant = { id: 'a', name: 'A', senders: [{ application: '*', facility: 'X' }] };

test('reads every file of the folder', () => {
  write('a.json', tenant);
  write('b.json', { ...tenant, id: 'b' });
  write('notes.txt', 'not one');
  expect([...loadTenants(folder).keys()]).toEqual(['a', 'b']);
});

test('names every fault with its file', () => {
  write('a.json', { ...tenant, id: 'A B', senders: [] });
  write('b.json', '{');
  write('c.json', { ...tenant, extra: 1 });
  expect(() => loadTenants(folder)).toThrow(
    /a\.json: id: may hold a-z[\s\S]*a\.json: senders[\s\S]*b\.json: .*JSON[\s\S]*c\.json: file: .*extra/,
  );
});

test('a tenant described twice and none at all are refused', () => {
  expect(() => loadTenants(folder)).toThrow('There is no tenant');
  write('a.json', tenant);
  write('b.json', tenant);
  expect(() => loadTenants(folder)).toThrow('Two files in config/tenants describe the tenant a');
});

test('the tenants of the repository are valid', () => {
  expect([...loadTenants('config').keys()]).toEqual(['demo', 'northside']);
});

test.each([
  ['any', 'X', true],
  ['any', 'Y', false],
  ['any', '', false],
])('application %s at facility %s: %s', (sendingApplication, sendingFacility, expected) => {
  expect(allowsSender(tenant, { sendingApplication, sendingFacility })).toBe(expected);
});
