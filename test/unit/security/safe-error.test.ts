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
