import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadBundle, type Loaded } from './evaluated';

const root = resolve(__dirname, '../../..');
const bundle = join(root, 'dist', 'app.js');
const sdks = ['@azure/cosmos', '@azure/identity', '@azure/service-bus', '@azure/storage-blob'];

describe('the bundled app', () => {
  let loaded: Loaded;
  beforeAll(async () => {
    loaded = await loadBundle(root, bundle);
  });

  it('has at most 8 MB', () => {
    expect(statSync(bundle).size).toBeLessThanOrEqual(8_000_000);
  });

  it('registers its functions', () => {
    expect(loaded.functions).toEqual(expect.arrayContaining(['hl7Processor', 'hl7Webhook', 'health']));
  });

  it('holds the SDKs and runs none of them before it is used', () => {
    expect([...loaded.bundled]).toEqual(expect.arrayContaining(sdks));
    // Whatever else turns up here is paid for by every cold start.
    expect([...loaded.evaluated].sort()).toEqual([
      '@azure/functions',
      '@azure/functions-extensions-base',
      'cockatiel',
      'cookie',
      'hl7-standard',
      'long',
      'src',
      'zod',
    ]);
  });
});
