import { badParameter, forbidden } from './errors';
import {
  attributesOut,
  current,
  deleted,
  deletion,
  idOf,
  newAttributes,
  newVersion,
  page,
  requireFree,
  tagsOf,
  updated,
  type VaultRequest,
} from './objects';
import type { Route } from './routes';
import type { Store, Version } from './store';

/** https://learn.microsoft.com/azure/key-vault/secrets/about-secrets: 25k bytes. */
const maxBytes = 25_600;

export function secretRoutes(store: Store): Route[] {
  const find = (request: VaultRequest) => current(store, 'secret', request);

  /** Without the value: for lists, updates and what is deleted. */
  const item = ({ vault }: VaultRequest, secret: Version, id = idOf(vault, 'secret', secret)) => ({
    ...(secret.content['contentType'] !== undefined && { contentType: secret.content['contentType'] }),
    id,
    attributes: attributesOut(secret.attributes),
    tags: secret.tags,
  });
  const bundle = (request: VaultRequest, secret: Version) => ({
    value: secret.content['value'],
    ...item(request, secret),
  });
  const deletedBundle = (request: VaultRequest) => ({
    ...deletion(store, 'secret', request),
    ...item(request, deleted(store, 'secret', request)),
  });
  const named = ({ vault }: VaultRequest, { name }: Version) => `${vault}/secrets/${name}`;

  return [
    [
      'PUT',
      'secrets/:name',
      'secrets/setSecret/action',
      (request) => {
        const { name, body } = request;
        requireFree(store, 'secret', name);
        const { value, contentType } = body;
        if (typeof value !== 'string') throw badParameter('The request body is missing the property value.');
        if (Buffer.byteLength(value) > maxBytes)
          throw badParameter(`The value of the secret is longer than ${maxBytes} bytes.`);
        const secret: Version = {
          name: store.find('secret', name)?.name ?? name,
          version: newVersion(),
          attributes: newAttributes(body['attributes'], store.now()),
          tags: tagsOf(body),
          content: { value, ...contentTypeOf(contentType) },
        };
        store.add('secret', secret);
        return bundle(request, secret);
      },
    ],
    [
      'GET',
      'secrets',
      'secrets/readMetadata/action',
      (request) =>
        page(
          request,
          'secrets',
          (after, limit) => store.list('secret', false, after, limit),
          (secret) => item(request, secret, named(request, secret)),
        ),
    ],
    [
      'GET',
      'secrets/:name/versions',
      'secrets/readMetadata/action',
      (request) => {
        const { name } = find(request);
        return page(
          request,
          `secrets/${name}/versions`,
          (after, limit) => store.listVersions('secret', name, Number(after), limit),
          (secret) => item(request, secret),
        );
      },
    ],
    [
      'GET',
      'secrets/:name/:version?',
      'secrets/getSecret/action',
      (request) => {
        const secret = find(request);
        if (!secret.attributes.enabled)
          throw forbidden('Operation get is not allowed on a disabled secret.', 'SecretDisabled');
        return bundle(request, secret);
      },
    ],
    [
      'PATCH',
      'secrets/:name/:version?',
      'secrets/update/action',
      (request) => {
        const { body } = request;
        const before = find(request);
        const changed = updated(before, body, store.now());
        const after = { ...changed, content: { ...before.content, ...contentTypeOf(body['contentType']) } };
        store.replace('secret', after);
        return item(request, after);
      },
    ],
    [
      'DELETE',
      'secrets/:name',
      'secrets/delete',
      (request) => {
        store.markDeleted('secret', find(request).name);
        return deletedBundle(request);
      },
    ],
    [
      'GET',
      'deletedsecrets',
      'secrets/readMetadata/action',
      (request) =>
        page(
          request,
          'deletedsecrets',
          (after, limit) => store.list('secret', true, after, limit),
          (secret) => ({
            ...deletion(store, 'secret', { ...request, name: secret.name }),
            ...item(request, secret, named(request, secret)),
          }),
        ),
    ],
    ['GET', 'deletedsecrets/:name', 'secrets/readMetadata/action', deletedBundle],
    [
      'POST',
      'deletedsecrets/:name/recover',
      'secrets/recover/action',
      (request) => {
        const secret = deleted(store, 'secret', request);
        store.recover('secret', secret.name);
        return item(request, secret);
      },
    ],
    [
      'DELETE',
      'deletedsecrets/:name',
      'secrets/purge/action',
      (request) => {
        store.purge('secret', deleted(store, 'secret', request).name);
        return undefined;
      },
    ],
  ];
}

function contentTypeOf(given: unknown): { contentType?: string } {
  if (given === undefined || given === null) return {};
  if (typeof given !== 'string') throw badParameter("Property 'contentType' must be a string.");
  return { contentType: given };
}
