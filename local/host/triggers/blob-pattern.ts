import { HostError } from '../errors';

/** The `path` of a blob trigger, such as `inbox/{date}-{name}.hl7`. */
export interface BlobPattern {
  readonly container: string;
  /** The fixed beginning of the names, which narrows the listing. */
  readonly prefix: string;
  /** The parts in braces of a name, or undefined when the name does not match. */
  match(name: string): Record<string, string> | undefined;
}

/** Each `{part}` takes as much as it can; doubled braces are braces. A container alone means every blob in it. */
export function parseBlobPattern(path: string, where: string): BlobPattern {
  const [, container = '', rest = ''] = /^\/?([^/{}]+)(?:\/(.+))?$/.exec(path) ?? [];
  if (!container) {
    throw new HostError(`${where}: the blob path "${path}" must begin with the name of a container.`);
  }
  const tokens = rest.match(/\{\{|\}\}|\{[^{}]+\}|[^{}]+|[{}]/g) ?? [];
  const names: string[] = [];
  let pattern = '';
  let prefix = '';
  for (const token of tokens) {
    const name = /^\{([^{}]+)\}$/.exec(token)?.[1];
    if (name !== undefined) {
      names.push(name);
      pattern += '(.*)';
      continue;
    }
    if (token === '{' || token === '}') {
      throw new HostError(`${where}: the blob path "${path}" has a brace too many.`);
    }
    const literal = token === '{{' || token === '}}' ? token.charAt(0) : token;
    pattern += literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    if (!names.length) prefix += literal;
  }
  const regex = rest ? new RegExp(`^${pattern}$`, 's') : /^.*$/s;
  return {
    container,
    prefix,
    match(name) {
      const found = regex.exec(name);
      return found
        ? Object.fromEntries(names.map((each, index) => [each, found[index + 1] ?? '']))
        : undefined;
    },
  };
}
