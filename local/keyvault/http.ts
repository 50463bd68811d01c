import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { callerOf, type VaultIdentities } from './access';
import { badParameter, KeyVaultError } from './errors';
import { router } from './routes';
import type { Store } from './store';

/** More than a secret of the largest size with everything around it. */
const maxBodyBytes = 256 * 1024;

/** 7.x, and the dates that came after it; the operations here are the same in all of them. */
const apiVersion = /^(7\.\d|20\d\d-\d\d-\d\d)(-preview(\.\d)?)?$/;

export function requestListener(store: Store, identities: VaultIdentities) {
  const find = router(store);

  async function answer(incoming: IncomingMessage): Promise<object | undefined> {
    const { method = 'GET', headers } = incoming;
    const text = await read(incoming);
    const vault = `https://${headers.host ?? 'localhost'}`;
    const { pathname, searchParams } = new URL(incoming.url ?? '/', vault);
    // The challenge comes before everything else: a client learns from it whom to ask for a token.
    const caller = callerOf(headers.authorization, identities);
    const version = searchParams.get('api-version');
    if (version === null) throw badParameter('api-version must be specified');
    if (!apiVersion.test(version))
      throw badParameter(
        `The specified version (${version}) is not recognized. Consider using the latest supported version.`,
      );
    const { action, name, version: given, handler } = find(method, segments(pathname));
    caller.require(action, `${vault}${pathname}`);
    return handler({ vault, name, version: given, body: parse(text), query: searchParams });
  }

  return (incoming: IncomingMessage, response: ServerResponse): void => {
    answer(incoming).then(
      (body) => send(response, body === undefined ? 204 : 200, body),
      (error: unknown) => {
        const known = error instanceof KeyVaultError ? error : unexpected(error);
        const { status, code, message, inner } = known;
        if (status === 401)
          challenge(response, identities.tenantId, incoming.headers.authorization !== undefined);
        send(response, status, { error: { code, message, ...(inner && { innererror: { code: inner } }) } });
      },
    );
  };
}

/** https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses#authentication */
function challenge(response: ServerResponse, tenantId: string, hadToken: boolean): void {
  response.setHeader(
    'www-authenticate',
    `Bearer authorization="https://login.microsoftonline.com/${tenantId}", resource="https://vault.azure.net"` +
      (hadToken ? ', error="invalid_token"' : ''),
  );
}

function send(response: ServerResponse, status: number, body: object | undefined): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    ...(body && { 'content-type': 'application/json; charset=utf-8' }),
    'cache-control': 'no-cache',
    'x-ms-keyvault-region': 'local',
    'x-ms-request-id': randomUUID(),
  });
  response.end(body && JSON.stringify(body));
}

/** Names and places only: an error's message may quote a secret. */
function unexpected(error: unknown): KeyVaultError {
  const name = error instanceof Error ? error.name : 'unknown';
  const places =
    error instanceof Error ? error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) : [];
  process.stderr.write(`key vault: a request failed unexpectedly: ${[name, ...(places ?? [])].join('\n')}\n`);
  return new KeyVaultError(500, 'InternalServerError', `The local Key Vault failed: ${name}.`);
}

async function read(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    const part = chunk as Buffer;
    bytes += part.length;
    if (bytes <= maxBodyBytes) chunks.push(part);
  }
  if (bytes > maxBodyBytes)
    throw new KeyVaultError(413, 'RequestEntityTooLarge', 'The request is too large.');
  return Buffer.concat(chunks).toString();
}

function parse(text: string): Record<string, unknown> {
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw badParameter('The request body is not a JSON object.');
}

function segments(pathname: string): string[] {
  try {
    return pathname.split('/').filter(Boolean).map(decodeURIComponent);
  } catch {
    throw badParameter('The URL is not valid percent-encoding.');
  }
}
