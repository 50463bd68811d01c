import type { Hl7Message, Hl7Segment } from '../../hl7';

/** A group of segments as the structure names it, e.g. ORDER_OBSERVATION. */
export class Group {
  readonly segments: Hl7Segment[] = [];
  readonly groups: Group[] = [];
  readonly #last = new Map<GroupRule, Group>();

  constructor(readonly rule: GroupRule) {}

  get name(): string {
    return this.rule.name;
  }

  first(name: string): Hl7Segment | undefined {
    return this.segments.find((segment) => segment.name === name);
  }

  all(name: string): Hl7Segment[] {
    return this.segments.filter((segment) => segment.name === name);
  }

  group(name: string): Group | undefined {
    return this.groups.find((group) => group.name === name);
  }

  /** Opens a new instance of a child group. */
  open(rule: GroupRule): Group {
    const child = new Group(rule);
    this.groups.push(child);
    this.#last.set(rule, child);
    return child;
  }

  last(rule: GroupRule): Group | undefined {
    return this.#last.get(rule);
  }

  allGroups(name: string): Group[] {
    return this.groups.filter((group) => group.name === name);
  }
}

interface GroupRule {
  readonly name: string;
  readonly repeats: boolean;
  /** Segment name -> may it repeat within one instance of the group. */
  readonly segments: ReadonlyMap<string, boolean>;
  readonly groups: readonly GroupRule[];
  /** The segments that can begin the group: all its optional ones up to and with the first required one. */
  readonly starts: ReadonlySet<string>;
}

export interface Structure {
  readonly root: GroupRule;
}

/**
 * Compiles a structure from text in the order of the standard: `PID` is required, `PV1?` optional, `NTE*` optional
 * and repeating, `OBX+` required and repeating, `VISIT?( PV1 PV2? )` a group.
 */
export function grammar(name: string, text: string): Structure {
  const tokens = text.match(/[A-Z][A-Z0-9_]*[?*+]?\(?|\)/g) ?? [];
  let at = 0;
  const parseGroup = (groupName: string, repeats: boolean): GroupRule => {
    const segments = new Map<string, boolean>();
    const groups: GroupRule[] = [];
    const starts = new Set<string>();
    let isOpen = true;
    for (let token = tokens[at++]; token !== undefined && token !== ')'; token = tokens[at++]) {
      const [, part = '', mark = '', bracket] = /^(\w+?)([?*+]?)(\(?)$/.exec(token) ?? [];
      const partRepeats = mark === '*' || mark === '+';
      if (bracket === '(') {
        const group = parseGroup(part, partRepeats);
        groups.push(group);
        if (isOpen) for (const start of group.starts) starts.add(start);
      } else {
        segments.set(part, partRepeats);
        if (isOpen) starts.add(part);
      }
      if (mark === '' || mark === '+') isOpen = false;
    }
    return { name: groupName, repeats, segments, groups, starts };
  };
  return { root: parseGroup(name, false) };
}

export interface Parsed {
  readonly root: Group;
  /** Segments that the structure does not know; they are not part of any group. */
  readonly unknown: readonly Hl7Segment[];
}

/**
 * Puts every segment into its group. The order inside a group is not insisted on, so one grammar serves all versions
 * and a segment out of order is recovered rather than lost. For each segment the innermost open group that can take
 * it wins: as a member of its own, or by opening (or going back into) a child group. What no open group can take in
 * place goes to the innermost one that knows the name.
 */
export function parseGroups(structure: Structure, message: Hl7Message): Parsed {
  const root = new Group(structure.root);
  let path: Group[] = [root];
  const unknown: Hl7Segment[] = [];
  for (const segment of message.segments) {
    const placed = place(path, segment);
    if (placed === undefined) unknown.push(segment);
    else path = placed;
  }
  return { root, unknown };
}

function place(path: readonly Group[], segment: Hl7Segment): Group[] | undefined {
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const taken = take(path.slice(0, depth + 1), segment);
    if (taken !== undefined) return taken;
  }
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const group = path[depth];
    if (group?.rule.segments.has(segment.name)) {
      group.segments.push(segment);
      return path.slice(0, depth + 1);
    }
  }
  return undefined;
}

/** The new path when the group at the end of `path`, or one below it, takes the segment. */
function take(path: Group[], segment: Hl7Segment): Group[] | undefined {
  const group = path[path.length - 1];
  if (group === undefined) return undefined;
  const repeats = group.rule.segments.get(segment.name);
  if (repeats === true || (repeats === false && group.first(segment.name) === undefined)) {
    group.segments.push(segment);
    return path;
  }
  for (const rule of group.rule.groups) {
    const last = group.last(rule);
    if (last !== undefined && !rule.repeats) {
      const below = take([...path, last], segment);
      if (below !== undefined) return below;
    }
    if ((rule.repeats || last === undefined) && rule.starts.has(segment.name)) {
      return take([...path, group.open(rule)], segment);
    }
  }
  return undefined;
}
