import type { AuditContent } from '../content';
import type { PresetNote } from '../document';
import { eventName } from './event-name';
import { classesOf } from './fail-closed';
import { matcher, type Matches } from './pattern';
import type { Preset } from './preset';
import { FLAGS } from './requirements';

export interface Applied {
  readonly note: PresetNote;
  /** May not be recorded in the journal, only in the store or its queue. */
  readonly isFailClosed: boolean;
}

export type ApplyPreset = (content: AuditContent, receivedAt: string) => Applied;

/** Compiles a preset once; applying it is then cheap enough for every event. */
export function compilePreset(preset: Preset): ApplyPreset {
  const { name, version, failClosed } = preset;
  const isAllowed = matcher(preset.allowed);
  const classification = compileRules(preset.classification);
  const frameworks = compileRules(preset.frameworks);
  const purpose = compileRules(preset.purpose);
  const sharedPrincipals = new Set(preset.sharedPrincipals.map((principal) => principal.toLowerCase()));
  const requirements = preset.requirements.map(({ events, require }) => ({
    matches: matcher(events),
    ...FLAGS[require],
  }));

  return (content, receivedAt) => {
    const event = eventName(content);
    const filled = {
      classification: content.classification === undefined ? classification(event) : undefined,
      frameworks: content.frameworks === undefined ? frameworks(event) : undefined,
      purpose: content.purpose === undefined ? purpose(event) : undefined,
    };
    const examined = {
      content,
      classification: content.classification ?? filled.classification,
      receivedAt,
      sharedPrincipals,
    };
    const flags = requirements
      .filter(({ matches, isMet }) => matches(event) && !isMet(examined))
      .map(({ flag }) => flag);
    if (!isAllowed(event)) flags.push('type-not-allowed');
    const isFailClosed =
      failClosed.length > 0 &&
      classesOf(content, content.frameworks ?? filled.frameworks ?? []).some((each) =>
        failClosed.includes(each),
      );
    return { note: { filled, flags, name, version }, isFailClosed };
  };
}

function compileRules<T>(
  rules: readonly { readonly events: readonly string[]; readonly is: T }[],
): (event: string) => T | undefined {
  const compiled: { readonly matches: Matches; readonly is: T }[] = rules.map(({ events, is }) => ({
    matches: matcher(events),
    is,
  }));
  return (event) => compiled.find(({ matches }) => matches(event))?.is;
}
