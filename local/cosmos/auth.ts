import { hash, timingSafeEqual } from 'node:crypto';
import { callerOf, keyHolder, type Caller, type Identities } from './access';
import { CosmosError } from './errors';

/**
 * Authorization by the account key (HMAC-SHA256 over verb, resource type, resource link and date) or by a token of
 * Microsoft Entra ID (`type=aad`).
 * https://learn.microsoft.com/rest/api/cosmos-db/access-control-on-cosmosdb-resources
 */
export function authorizer(key: string, identities: Identities | undefined) {
  const digest = hmac(Buffer.from(key, 'base64'));
  const signature = (method: string, type: string, link: string, date: string) =>
    digest(`${method.toLowerCase()}\n${type}\n${link}\n${date.toLowerCase()}\n\n`);

  return (
    method: string,
    segments: readonly string[],
    authorization: string | undefined,
    date: string,
  ): Caller => {
    const fields = decode(authorization ?? '');
    const given = /(?:^|&)sig=([^&]+)/.exec(fields)?.[1];
    if (/(?:^|&)type=aad(?:&|$)/.test(fields)) return callerOf(given ?? '', identities);
    const sent = Buffer.from(given ?? '', 'base64');
    const matches = resourceOf(segments).some(([type, link]) => {
      const expected = signature(method, type, link, date);
      return sent.length === expected.length && timingSafeEqual(sent, expected);
    });
    if (!matches) {
      throw new CosmosError(
        401,
        "The input authorization token can't serve the request. Check the account key; " +
          'the signature must cover the verb, the resource type, the resource link and x-ms-date.',
      );
    }
    return keyHolder;
  };
}

/**
 * HMAC-SHA256 (RFC 2104) by two one-shot hashes: an Hmac object for each request costs several times as much, and so
 * does a buffer for each digest.
 */
function hmac(key: Buffer): (text: string) => Buffer {
  const block = Buffer.alloc(64);
  (key.length > 64 ? hash('sha256', key, 'buffer') : key).copy(block);
  const inner = block.map((byte) => byte ^ 0x36);
  const outer = Buffer.concat([block.map((byte) => byte ^ 0x5c), Buffer.alloc(32)]);
  return (text) => {
    outer.write(hash('sha256', Buffer.concat([inner, Buffer.from(text)]), 'binary'), 64, 'latin1');
    return Buffer.from(hash('sha256', outer, 'binary'), 'latin1');
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/** Resource type and link as the SDK signs them; an item's id may be signed as it stands in the URL. */
function resourceOf(segments: readonly string[]): [type: string, link: string][] {
  const last = segments.at(-1) ?? '';
  if (segments[4] === 'operations') return [['colls', segments.slice(0, 4).join('/')]];
  if (segments[0] === 'offers' && segments.length === 2) return [['offers', last.toLowerCase()]];
  if (segments.length % 2 === 1) return [[last, segments.slice(0, -1).join('/')]];
  const type = segments.at(-2) ?? '';
  const link = segments.join('/');
  const raw = encodeURIComponent(last);
  return raw === last
    ? [[type, link]]
    : [
        [type, link],
        [type, [...segments.slice(0, -1), raw].join('/')],
      ];
}
