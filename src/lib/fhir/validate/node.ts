/** A JSON object. Everything below reads unchecked input, so every reader accepts any shape and none throws. */
export type Node = Readonly<Record<string, unknown>>;

export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const child = (node: Node, name: string): Node => {
  const value = node[name];
  return isNode(value) ? value : {};
};

export const children = (node: Node, name: string): readonly Node[] => {
  const value = node[name];
  return Array.isArray(value) ? value.filter(isNode) : [];
};

export const count = (node: Node, name: string): number => {
  const value = node[name];
  if (Array.isArray(value)) return value.length;
  return has(node, name) ? 1 : 0;
};

/** A primitive with only an extension (`_status`) exists too. */
export const has = (node: Node, name: string): boolean =>
  node[name] !== undefined || node[`_${name}`] !== undefined;

/** True when any of a choice group (`value` for value[x]) is there. */
export const hasChoice = (node: Node, base: string): boolean =>
  Object.keys(node).some((key) => {
    const start = key.startsWith('_') ? 1 : 0;
    return key.startsWith(base, start) && isUpper(key.charCodeAt(start + base.length));
  });

const isUpper = (code: number): boolean => code >= 65 && code <= 90;

export const text = (node: Node, name: string): string => {
  const value = node[name];
  return typeof value === 'string' ? value : '';
};

/** True when a CodeableConcept has one of the codes of a system. */
export const isCoded = (concept: Node, system: string, ...codes: readonly string[]): boolean =>
  children(concept, 'coding').some((c) => c['system'] === system && codes.includes(text(c, 'code')));
