import { join } from 'node:path';
import fc from 'fast-check';
import { effectiveKey } from '../../../local/cosmos/hashing';
import type { PartitionKey } from '../../../local/cosmos/partition-key';

/** The SDK's own functions, which its exports do not offer. */
const sdk = join(__dirname, '../../../node_modules/@azure/cosmos/dist/commonjs/utils/hashing');
// eslint-disable-next-line @typescript-eslint/no-require-imports
const { hashPartitionKey } = require(join(sdk, 'hash.js')) as {
  hashPartitionKey(key: PartitionKey, definition: { kind: string; version: number }): string;
};

const part = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.double({ noNaN: true }),
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
);

test('one value hashes as the SDK hashes it', () => {
  fc.assert(
    fc.property(
      part,
      (value) => effectiveKey([value], false) === hashPartitionKey([value], { kind: 'Hash', version: 2 }),
    ),
  );
});

test('a hierarchical key hashes as the SDK hashes it', () => {
  fc.assert(
    fc.property(
      fc.array(part, { minLength: 1, maxLength: 3 }),
      (key) => effectiveKey(key, true) === hashPartitionKey(key, { kind: 'MultiHash', version: 2 }),
    ),
  );
});

test('a prefix of the key is a prefix of the hash', () => {
  expect(effectiveKey(['a', 'b'], true).startsWith(effectiveKey(['a'], true))).toBe(true);
  expect(effectiveKey(['a'], true)).toMatch(/^[0-3][0-9A-F]{31}$/);
});
