import type { Findings } from './issue';
import { child, children, has, type Node, text } from './node';
import { isAbsoluteUri, isId } from './primitives';
import { isResourceType } from './plan';

const URL_OF = /^([A-Z][A-Za-z]{1,63})(?:\/([A-Za-z0-9\-.]{1,64})|\?(.+))?$/;
const REST_FULL_URL = /^https?:\/\/.+\/([A-Z][A-Za-z]{1,63})\/([A-Za-z0-9\-.]{1,64})$/;

/** The requests of a transaction or batch (R4 http.html#transaction), as far as R4 states them in prose. */
function checkRequest(entry: Node, findings: Findings): void {
  const request = child(entry, 'request');
  const resource = child(entry, 'resource');
  const method = text(request, 'method');
  const url = text(request, 'url');
  const report = (safeMessage: string): void => findings.report('bundle-request', safeMessage, 'request');
  if (method === 'POST' || method === 'PUT') {
    const [, type = '', id, search] = (url.length <= 2048 && URL_OF.exec(url)) || [];
    if (!has(entry, 'resource')) report(`${method} needs a resource`);
    else if (!isResourceType(type)) report('url is not relative to the server, Type, Type/id or Type?search');
    else if (type !== text(resource, 'resourceType')) report('url names another type than the resource');
    else if (method === 'POST' && (id !== undefined || search !== undefined)) report('POST goes to Type');
    else if (method === 'PUT' && id === undefined && search === undefined)
      report('PUT goes to Type/id or Type?search');
    else if (method === 'PUT' && id !== undefined && id !== text(resource, 'id'))
      report('url and resource have different ids');
  }
  if (has(request, 'ifNoneExist') && method !== 'POST') report('ifNoneExist is for POST');
}

function checkFullUrl(entry: Node, findings: Findings): void {
  const fullUrl = entry['fullUrl'];
  if (typeof fullUrl !== 'string') return;
  if (!isAbsoluteUri(fullUrl)) {
    findings.report('bundle-full-url', 'a fullUrl is absolute: http(s), urn:uuid: or urn:oid:', 'fullUrl');
    return;
  }
  const resource = child(entry, 'resource');
  const [, type, id] = (fullUrl.length <= 2048 && REST_FULL_URL.exec(fullUrl)) || [];
  const stated = text(resource, 'id');
  if (type !== undefined && isResourceType(type) && stated !== '' && isId(stated) && stated !== id)
    findings.report(
      'bundle-full-url',
      'a fullUrl that ends in Type/id agrees with the id of the resource',
      'fullUrl',
    );
}

/** What R4 says about Bundles beyond the bdl invariants. */
export function checkBundle(bundle: Node, findings: Findings): void {
  const type = text(bundle, 'type');
  const isAction = type === 'transaction' || type === 'batch';
  const written = new Set<string>();
  children(bundle, 'entry').forEach((entry, index) => {
    findings.enter('entry');
    findings.enter(index);
    checkFullUrl(entry, findings);
    if (isAction && has(entry, 'request')) checkRequest(entry, findings);
    const { method, url } = child(entry, 'request');
    // "If any resource identities overlap in steps 1-3, then the transaction SHALL fail."
    if (type === 'transaction' && (method === 'PUT' || method === 'DELETE') && typeof url === 'string') {
      if (written.has(url))
        findings.report('bundle-request', 'a transaction writes a resource once', 'request', 'url');
      written.add(url);
    }
    findings.leave();
    findings.leave();
  });
}
