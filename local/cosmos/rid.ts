/**
 * Resource ids as the service lays them out: 4 bytes for the database, 8 for the container, 16 for the item;
 * each begins with its parent's. The SDK checks that a container's decodes to 8 bytes before it keeps
 * a session token.
 */
const encode = (bytes: Buffer) => bytes.toString('base64').replaceAll('/', '-');

export function databaseRid(database: number): string {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(database);
  return encode(bytes);
}

export function containerRid(database: number, container: number): string {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeUInt32BE(database);
  bytes.writeUInt32BE((0x8000_0000 | container) >>> 0, 4);
  return encode(bytes);
}

export function itemRid(database: number, container: number, item: number): string {
  const bytes = Buffer.allocUnsafe(16);
  bytes.writeUInt32BE(database);
  bytes.writeUInt32BE((0x8000_0000 | container) >>> 0, 4);
  bytes.writeBigUInt64BE(BigInt(item), 8);
  return encode(bytes);
}

/** Quoted, as everywhere in the service. A version is named by its container and LSN, so it survives a restart. */
export const etagOf = (scope: number, version: number) =>
  `"${scope.toString(16).padStart(8, '0')}-0000-0000-0000-${version.toString(16).padStart(12, '0')}"`;
