import { validateBundle, validateResource } from '../../../src/lib/fhir';
import { fixtureNames, fixtures } from './fixtures';

describe('valid resources', () => {
  it.each(fixtureNames)('%s has no issue', (name) => {
    expect(validateResource(fixtures[name])).toEqual([]);
  });

  it('reads a Bundle through either door', () => {
    expect(validateBundle(fixtures.transaction)).toEqual([]);
  });

  it('takes what is not a Bundle for a fault', () => {
    expect(validateBundle(fixtures.patient)).toMatchObject([{ rule: 'resource-type', path: 'Bundle' }]);
    expect(validateBundle(undefined)).toHaveLength(1);
  });

  it('ignores undefined, as JSON.stringify does', () => {
    expect(validateResource({ ...fixtures.patient, maritalStatus: undefined })).toEqual([]);
  });
});
