import type { HttpRequest } from './decision';

/** .NET's HttpClient waits this long. */
const LIMIT_MS = 100_000;

/** .NET keeps these with the content, and the extension answers only the others (TaskHttpActivityShim). */
const CONTENT_HEADERS = new Set([
  'allow',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'expires',
  'last-modified',
]);

/** `context.df.callHttp`: the JSON of the answer; rejects with what went wrong. */
export async function callHttp({
  method,
  uri,
  content,
  headers = {},
  tokenSource,
}: HttpRequest): Promise<string> {
  if (tokenSource) {
    throw new Error(
      'callHttp with a tokenSource needs a managed identity, which the local Durable Functions backend does not ask for tokens; send the header Authorization yourself.',
    );
  }
  const sent = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const each of [value].flat()) sent.append(name, each);
  }
  if (content !== undefined && !sent.has('content-type')) sent.set('content-type', 'text/plain');
  let response: Response;
  try {
    response = await fetch(uri, {
      method,
      headers: sent,
      ...(content === undefined ? {} : { body: content }),
      signal: AbortSignal.timeout(LIMIT_MS),
    });
  } catch (error) {
    const { cause } = error as Error;
    throw new Error(cause instanceof Error && cause.message ? cause.message : (error as Error).message);
  }
  return JSON.stringify({
    statusCode: response.status,
    headers: Object.fromEntries([...response.headers].filter(([name]) => !CONTENT_HEADERS.has(name))),
    content: await response.text(),
  });
}
