import { bindingDataOf, payloadData, resolveExpressions } from '../../../local/host/bindings/expressions';

const now = new Date('2026-11-22T09:08:07.006Z');
const resolve = (template: string, data = {}): string => resolveExpressions(template, data, now);

describe('binding expressions', () => {
  it.each([
    ['{name}.txt', { name: 'a' }, 'a.txt'],
    ['{NAME}', { name: 'a' }, 'a'],
    ['{Query.kind}/{order.id}', { query: { kind: 'k' }, order: { id: 7 } }, 'k/7'],
    ['{order}', { order: { id: 7 } }, '{"id":7}'],
    ['{DateTime}', {}, '2026-11-22T09:08:07Z'],
    ['{DateTime:yyyy/MM/dd-HH.mm.ss.fff}', {}, '2026/11/22-09.08.07.006'],
    ['{sys.utcnow:yy}', {}, '26'],
  ])('%s with %j is %s', (template, data, expected) => {
    expect(resolve(template, data)).toBe(expected);
  });

  it('make names that nobody else has', () => {
    expect(resolve('{rand-guid}')).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(resolve('{rand-guid:N}')).toMatch(/^[0-9a-f]{32}$/);
    expect(resolve('{sys.randguid}')).not.toBe(resolve('{sys.randguid}'));
  });

  it('fail where there is no value', () => {
    expect(() => resolve('{other}', { name: 'a' })).toThrow('binding expression {other}');
    expect(() => resolve('{name}', { name: null })).toThrow('{name}');
  });

  it('take metadata as values and properties of JSON payloads', () => {
    expect(bindingDataOf({ a: { string: '"1"' }, b: { json: '{"c":2}' }, d: { int: 3 } })).toEqual({
      a: '"1"',
      b: { c: 2 },
      d: 3,
    });
    expect(payloadData(' {"a":{"b":1}}')).toEqual({ a: { b: 1 } });
    expect([payloadData('{broken'), payloadData('[1]'), payloadData(undefined)]).toEqual([{}, {}, {}]);
  });
});
