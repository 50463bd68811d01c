import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer, text } from 'node:stream/consumers';
import { deletedByBatch, operationOf, targetOf, type Operation, type Target } from './operation';
import { accept, isFailure, refuse, relay } from './reply';
import {
  changedPolicy,
  changedSettings,
  checkPolicyRemoval,
  legalHoldOf,
  notEnabled,
  policyOf,
  protectionElements,
  protectionHeaders,
  protectionOfUpload,
  Refusal,
  refusalOf,
  type ContainerSettings,
  type Protection,
} from './rules';
import { isSigned, type Account } from './shared-key';
import type { Store } from './store';
import { Turns } from './turns';
import type { Upstream } from './upstream';

interface Call {
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  target: Target;
  operation: Operation;
}

/** 4 MiB is the service's own limit for the body of a batch. */
const BATCH_LIMIT = 4 * 1024 * 1024;
const SETTINGS = /^\/_local\/worm\/([^/]+)$/;
/** Permissions of a shared access signature, any of which allows the operation. */
const PERMISSIONS: Partial<Record<Operation, string>> = {
  write: 'w',
  change: 'aw',
  setMetadata: 'w',
  delete: 'd',
  deleteContainer: 'd',
  setPolicy: 'i',
  deletePolicy: 'i',
  setLegalHold: 'i',
};

export class Layer {
  readonly #turns = new Turns();

  constructor(
    private readonly store: Store,
    private readonly upstream: Upstream,
    private readonly account: Account,
    private readonly now: () => number,
  ) {}

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const version = header(request, 'x-ms-version');
    try {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const container = SETTINGS.exec(url.pathname)?.[1];
      if (container) return await this.#settings(container, request, response);
      const target = targetOf(url.pathname);
      if (!target) throw new Refusal(400, 'InvalidUri', 'The request URI is not valid.');
      const operation = operationOf(
        request.method ?? 'GET',
        target,
        url.searchParams,
        header(request, 'x-ms-delete-snapshots'),
      );
      await this.#serve({ request, response, url, target, operation });
    } catch (error) {
      if (response.headersSent) return void response.destroy();
      request.resume();
      refuse(
        response,
        error instanceof Refusal
          ? error
          : new Refusal(503, 'ServerBusy', 'The storage behind this port does not answer.'),
        version,
      );
    }
  }

  async #serve(call: Call): Promise<void> {
    const { target, operation } = call;
    const inTurn = (work: () => Promise<void>) => this.#turns.take(pathOf(target), work);
    switch (operation) {
      case 'other':
        return this.#pass(call);
      case 'read':
        return this.#pass(
          call,
          this.#isCurrent(call) ? protectionHeaders(this.store.protection(target) ?? {}) : [],
        );
      case 'list':
        return this.#list(call);
      case 'readContainer': {
        const { immutableStorageWithVersioning } = this.store.settings(target);
        const name = 'x-ms-immutable-storage-with-versioning-enabled';
        return this.#pass(call, [[name, String(immutableStorageWithVersioning)]]);
      }
      case 'batch':
        return this.#batch(call);
      case 'deleteContainer':
        return this.#deleteContainer(call);
      case 'write':
        return inTurn(() => this.#write(call));
      case 'delete':
        return inTurn(() => this.#delete(call));
      case 'change':
      case 'setMetadata':
        return inTurn(async () => {
          await this.#check(call);
          await this.#pass(call);
        });
      case 'setPolicy':
      case 'deletePolicy':
      case 'setLegalHold':
        return inTurn(() => this.#protect(call));
    }
  }

  /** Throws where the blob is immutable. Whoever may not do it at all learns only that. */
  async #check(call: Call): Promise<void> {
    const { target, operation } = call;
    const refusal = refusalOf(operation, this.store.protection(target) ?? {}, this.now());
    if (!refusal) return;
    await this.#authenticate(call);
    if (await this.#exists(target)) throw refusal;
    // An upload that did not come to its end.
    this.store.protect(target, undefined);
  }

  /** The promise is on disk before the content is: a crash in between protects too much, never too little. */
  async #write(call: Call): Promise<void> {
    const { request, target } = call;
    await this.#check(call);
    const before = this.store.protection(target);
    const settings = this.store.settings(target);
    const after = protectionOfUpload((name) => header(request, name), settings, this.now());
    this.store.protect(target, after);
    try {
      const answer = await this.upstream.forward(request, request);
      if (isFailure(answer)) this.store.protect(target, before);
      await relay(answer, call.response);
    } catch (error) {
      if (!request.complete) this.store.protect(target, before);
      throw error;
    }
  }

  async #delete(call: Call): Promise<void> {
    await this.#check(call);
    const answer = await this.upstream.forward(call.request, call.request);
    if (!isFailure(answer)) this.store.protect(call.target, undefined);
    await relay(answer, call.response);
  }

  async #protect(call: Call): Promise<void> {
    const { request, response, target, operation, url } = call;
    await this.#authenticate(call);
    if (url.searchParams.has('snapshot') || url.searchParams.has('versionid')) {
      throw new Refusal(
        501,
        'NotImplemented',
        'Immutability of snapshots and versions is not supported here.',
      );
    }
    const blob = await this.upstream.ask('HEAD', pathOf(target));
    blob.resume();
    if (isFailure(blob)) throw new Refusal(404, 'BlobNotFound', 'The specified blob does not exist.');
    if (!this.store.settings(target).immutableStorageWithVersioning) throw notEnabled();
    const since = Date.parse(header(request, 'if-unmodified-since') ?? '');
    if (since < Date.parse(blob.headers['last-modified'] ?? '')) {
      throw new Refusal(
        412,
        'ConditionNotMet',
        'The condition specified using HTTP conditional header(s) is not met.',
      );
    }
    const after = this.#changed(operation, request, this.store.protection(target) ?? {});
    this.store.protect(target, after);
    accept(
      response,
      operation === 'deletePolicy' ? [] : answered(operation, after),
      header(request, 'x-ms-version'),
    );
    request.resume();
  }

  #changed(operation: Operation, request: IncomingMessage, current: Protection): Protection {
    const given = (name: string): string | undefined => header(request, name);
    const { policy, ...hold } = current;
    switch (operation) {
      case 'setPolicy': {
        const wanted = policyOf(given, this.now());
        if (!wanted) throw missing('x-ms-immutability-policy-until-date');
        return { ...hold, policy: changedPolicy(policy, wanted) };
      }
      case 'deletePolicy':
        checkPolicyRemoval(policy);
        return hold;
      default: {
        const legalHold = legalHoldOf(given);
        if (legalHold === undefined) throw missing('x-ms-legal-hold');
        return { ...current, legalHold };
      }
    }
  }

  async #list(call: Call): Promise<void> {
    const { request, response, target, url } = call;
    const include = (url.searchParams.get('include') ?? '').toLowerCase().split(',');
    if (!include.includes('immutabilitypolicy') && !include.includes('legalhold')) return this.#pass(call);
    const answer = await this.upstream.forward(request, request);
    if (isFailure(answer)) return relay(answer, response);
    const xml = (await text(answer)).replace(/<Blob>.*?<\/Blob>/gs, (blob) => {
      const name = /<Name[^>]*>(.*?)<\/Name>/s.exec(blob)?.[1] ?? '';
      if (blob.includes('<Snapshot>')) return blob;
      const protection = this.store.protection({ ...target, blob: unescaped(name) }) ?? {};
      return blob.replace('</Properties>', `${protectionElements(protection, include)}</Properties>`);
    });
    const { 'transfer-encoding': chunked, ...headers } = answer.headers;
    void chunked;
    response.writeHead(answer.statusCode ?? 200, { ...headers, 'content-length': Buffer.byteLength(xml) });
    response.end(xml);
  }

  /** Its parts cannot be told apart without taking it to pieces, so that it is refused whole. */
  async #batch({ request, response }: Call): Promise<void> {
    if (Number(header(request, 'content-length') ?? 0) > BATCH_LIMIT) {
      throw new Refusal(413, 'RequestBodyTooLarge', 'The body of a batch is at most 4 MiB.');
    }
    const body = await buffer(request);
    const targets = deletedByBatch(body.toString('latin1'));
    for (const target of targets) {
      const refusal = refusalOf('delete', this.store.protection(target) ?? {}, this.now());
      if (refusal && (await this.#exists(target))) throw refusal;
    }
    const answer = await this.upstream.forward(request, body);
    await relay(answer, response);
    for (const target of targets) {
      if (this.store.protection(target) && !(await this.#exists(target)))
        this.store.protect(target, undefined);
    }
  }

  async #deleteContainer(call: Call): Promise<void> {
    const { request, response, target } = call;
    if (this.store.settings(target).immutableStorageWithVersioning) {
      const listing = await this.upstream.ask(
        'GET',
        `${pathOf(target)}?comp=list&maxresults=1&restype=container`,
      );
      if ((await text(listing)).includes('<Blob>')) {
        await this.#authenticate(call);
        throw new Refusal(
          409,
          'BlobImmutableDueToPolicy',
          'The container supports version-level immutability and must be empty before it can be deleted.',
        );
      }
    }
    const answer = await this.upstream.forward(request, request);
    if (!isFailure(answer)) this.store.forgetContainer(target);
    await relay(answer, response);
  }

  /** Stands for the resource provider, through which Azure enables containers. */
  async #settings(container: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (header(request, 'x-local-key') !== this.account.key) {
      throw new Refusal(403, 'AuthenticationFailed', 'The header x-local-key must hold the account key.');
    }
    const target = { account: this.account.name, container, blob: '' };
    if (request.method === 'PUT') {
      const wanted = settingsOf(await text(request));
      const changed = changedSettings(this.store.settings(target), wanted);
      if (changed.immutableStorageWithVersioning) this.store.enable(target, changed);
    }
    const body = JSON.stringify(this.store.settings(target));
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  }

  /** Azurite checks what reaches it; this is for what does not. */
  async #authenticate({ request, url, operation, target }: Call): Promise<void> {
    const failed = (): Refusal =>
      new Refusal(
        403,
        'AuthenticationFailed',
        'Server failed to authenticate the request. Make sure the value of the Authorization header is formed correctly including the signature.',
      );
    if (!url.searchParams.has('sig')) {
      const { method = 'GET', headers } = request;
      if (isSigned(this.account, { method, url: request.url ?? '/', headers })) return;
      throw failed();
    }
    const query = new URLSearchParams(url.searchParams);
    query.delete('comp');
    if (target.blob === '') query.set('restype', 'container');
    const answer = await this.upstream.probe(`${url.pathname}?${query.toString()}`);
    answer.resume();
    const permissions = url.searchParams.get('sp');
    const mismatch = 'AuthorizationPermissionMismatch';
    const isGood = answer.statusCode !== 403 || answer.headers['x-ms-error-code'] === mismatch;
    if (!isGood) throw failed();
    // Those of a stored access policy are not in the address.
    const needed = [...(PERMISSIONS[operation] ?? '')];
    if (permissions !== null && !needed.some((each) => permissions.includes(each))) {
      throw new Refusal(
        403,
        mismatch,
        'This request is not authorized to perform this operation using this permission.',
      );
    }
  }

  #isCurrent({ url }: Call): boolean {
    return !url.searchParams.has('snapshot');
  }

  async #exists(target: Target): Promise<boolean> {
    const answer = await this.upstream.ask('HEAD', pathOf(target));
    answer.resume();
    return answer.statusCode !== 404;
  }

  async #pass({ request, response }: Call, more: readonly [string, string][] = []): Promise<void> {
    await relay(await this.upstream.forward(request, request), response, more);
  }
}

const answered = (operation: Operation, { policy, legalHold }: Protection): [string, string][] =>
  protectionHeaders(
    operation === 'setLegalHold' ? (legalHold === undefined ? {} : { legalHold }) : policy ? { policy } : {},
  );

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

const missing = (name: string): Refusal =>
  new Refusal(400, 'MissingRequiredHeader', `The required header ${name} was not specified.`);

const pathOf = ({ account, container, blob }: Target): string =>
  `/${[account, container, ...(blob ? blob.split('/') : [])].map(encodeURIComponent).join('/')}`;

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const unescaped = (xml: string): string =>
  xml.replace(/&(amp|lt|gt|quot|apos);/g, (whole, name: string) => ENTITIES[name] ?? whole);

function settingsOf(body: string): ContainerSettings {
  const wrong = (): Refusal =>
    new Refusal(
      400,
      'InvalidInput',
      'The body must be JSON: {"immutableStorageWithVersioning": true, "defaultPolicy": {"days": 1, "mode": "unlocked"}}.',
    );
  try {
    const { immutableStorageWithVersioning, defaultPolicy } = JSON.parse(body) as Partial<ContainerSettings>;
    if (typeof immutableStorageWithVersioning !== 'boolean') throw wrong();
    if (!defaultPolicy) return { immutableStorageWithVersioning };
    const { days, mode } = defaultPolicy;
    // The service allows 1 to 146000 days.
    const isSound = Number.isInteger(days) && days >= 1 && days <= 146_000;
    if (!isSound || (mode !== 'unlocked' && mode !== 'locked')) throw wrong();
    return { immutableStorageWithVersioning, defaultPolicy: { days, mode } };
  } catch {
    throw wrong();
  }
}
