import { parseRoute } from '../../../local/host/routes';

const match = (template: string, path: string) => parseRoute(template, 'Function f').match(path);

describe('a route template', () => {
  it.each([
    ['hello', 'hello', {}],
    ['hello', '/HELLO/', {}],
    ['hello', 'hello/x', undefined],
    ['', '', {}],
    ['a/{id}', 'a/b%20c', { id: 'b c' }],
    ['a/{id}', 'a', undefined],
    ['a/{id}', 'a/b/c', undefined],
    ['a/{id?}', 'a', {}],
    ['a/{id?}', 'a/1', { id: '1' }],
    ['a/{id=5}', 'a', { id: '5' }],
    ['a/{id:int}', 'a/-7', { id: '-7' }],
    ['a/{id:int}', 'a/x', undefined],
    ['a/{id:int?}', 'a', {}],
    ['a/{id:int:min(3)}', 'a/2', undefined],
    ['a/{id:range(1,9)}', 'a/9', { id: '9' }],
    ['a/{id:guid}', 'a/0b9f7c1e-0000-4000-8000-000000000001', { id: '0b9f7c1e-0000-4000-8000-000000000001' }],
    ['a/{id:alpha:length(2,3)}', 'a/abcd', undefined],
    ['a/{id:regex(^[[a-c]]+/?$)}', 'a/z', undefined],
    ['a/{*rest}', 'a', {}],
    ['a/{*rest}', 'a/b/c%2Fd', { rest: 'b/c/d' }],
    ['{**rest}', 'x/y', { rest: 'x/y' }],
    ['files/{name}.{ext}', 'files/a.b.txt', { name: 'a', ext: 'b.txt' }],
    ['a.b', 'axb', undefined],
  ])('%s and the path %s give %j', (template, path, expected) =>
    expect(match(template, path)).toEqual(expected),
  );

  it('keeps a hostile parameter name apart', () => {
    expect(Object.keys(match('{constructor}', 'x') ?? {})).toEqual(['constructor']);
  });

  it('survives a broken escape', () => expect(match('{a}', '%zz')).toEqual({ a: '%zz' }));

  it.each([
    ['a/{id:colour}', 'the route constraint "colour"'],
    ['{*rest}/a', 'must be the last part'],
    ['{a b}', 'cannot be understood'],
  ])('%s is refused', (template, reason) => {
    expect(() => parseRoute(template, 'Function f')).toThrow(`Function f: `);
    expect(() => parseRoute(template, 'Function f')).toThrow(reason);
  });

  it('sorts literals before constrained, plain and catch-all parameters', () => {
    const templates = ['a/{*r}', 'a/{x}', 'a/b', 'a/{n:int}', '{*r}'];
    const sorted = templates
      .map((t) => parseRoute(t, 'f'))
      .sort((p, q) => (p.precedence < q.precedence ? -1 : 1));
    expect(sorted.map(({ template }) => template)).toEqual(['a/b', 'a/{n:int}', 'a/{x}', 'a/{*r}', '{*r}']);
  });
});
