import { parseBlobPattern } from '../../../local/host/triggers/blob-pattern';

describe('the path of a blob trigger', () => {
  it.each([
    ['inbox', 'a/b.txt', {}],
    ['inbox/{name}', 'a/b.txt', { name: 'a/b.txt' }],
    ['inbox/{name}.{extension}', 'a.b.png', { name: 'a.b', extension: 'png' }],
    ['inbox/{name}.hl7', 'a.hl7x', undefined],
    ['inbox/in-{name}', 'not-in-a', undefined],
    ['inbox/in-{name}', 'in-a', { name: 'a' }],
    ['inbox/{{x}}-{name}', '{x}-a', { name: 'a' }],
    ['inbox/a+b', 'aab', undefined],
    ['/inbox/exact', 'exact', {}],
  ])('%s matches %s: %j', (path, name, expected) => {
    expect(parseBlobPattern(path, 'f').match(name)).toEqual(expected);
  });

  it('narrows the listing by its fixed beginning', () => {
    expect(parseBlobPattern('c/2026/{month}/x', 'f')).toMatchObject({ container: 'c', prefix: '2026/' });
    expect(parseBlobPattern('c/{{a}}{b}', 'f').prefix).toBe('{a}');
  });

  it.each(['{container}/x', 'c/{open', ''])('is refused: %s', (path) => {
    expect(() => parseBlobPattern(path, 'Function f')).toThrow(/^Function f: the blob path/);
  });
});
