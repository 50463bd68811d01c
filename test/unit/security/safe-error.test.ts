import { MedrelayError } from '../../../src/lib/errors';
import { safeError } from '../../../src/lib/security';

it('lets only the code and the safe message out', () => {
  const error = new MedrelayError('X', 'Safe.', new Error('DOE^JANE'));
  expect(safeError(error)).toEqual({ code: 'X', safeMessage: 'Safe.' });
});

it.each([new Error('DOE^JANE'), 'DOE^JANE', { code: 'DOE^JANE', safeMessage: 'DOE^JANE' }, null])(
  'withholds the text of anything else',
  (error) => {
    const safe = safeError(error);
    expect(safe.code).toBe('INTERNAL');
    expect(JSON.stringify(safe)).not.toContain('DOE');
  },
);

it('says what kind of error it was and where in the code it arose', () => {
  const error = Object.assign(new TypeError('DOE^JANE\n    at DOE (/home/jane/doe.ts:1:1)'), {
    code: 'ECONNRESET',
  });
  const { safeMessage } = safeError(error);
  expect(safeMessage).toContain('TypeError ECONNRESET, at ');
  expect(safeMessage).toContain('safe-error.test.ts:');
  expect(safeMessage).not.toMatch(/doe/i);
});

it.each([
  Object.assign(new Error('x'), { code: 'DOE^JANE' }),
  Object.assign(new Error('x'), { name: 'DOE JANE' }),
  Object.assign(new Error('x'), { stack: 'Error: x\n    at DOE JANE 1970-01-01' }),
  Object.assign(new Error('DOE'), { message: 'changed later' }),
])('shows no name, code or frame that could be data', (error) => {
  expect(safeError(error).safeMessage).not.toContain('DOE');
});
