import type { AuditContent } from '../content';
import type { Classification } from '../types';
import { isDisclosure } from './fail-closed';

/** What an event may be asked to say; where it does not, this is its flag, with `-missing`, `-shared`... for a name. */
export const REQUIREMENTS = [
  /** A PHI event that succeeded names the patient: without, nobody can answer "who saw this patient's record". */
  'patient',
  /** Somebody asked for it. */
  'requestor',
  /** Each agent is one person or one service; 45 CFR 164.312(a)(2)(i) asks for unique users. */
  'unique-principal',
  /** A disclosure says why; mandatory by 45 CFR 164.528(b)(2)(iv). */
  'purpose-of-disclosure',
  /** Whatever it is, it says why. */
  'purpose',
  'correlation',
  /** It did not happen in the future, by five minutes of leeway between clocks. */
  'past',
] as const;
export type Requirement = (typeof REQUIREMENTS)[number];

export interface Examined {
  readonly content: AuditContent;
  readonly classification: Classification | undefined;
  readonly receivedAt: string;
  readonly sharedPrincipals: ReadonlySet<string>;
}

const LEEWAY_MS = 5 * 60_000;

/** The flag of a requirement that the event does not meet. */
export const FLAGS: Readonly<
  Record<Requirement, { readonly flag: string; isMet(examined: Examined): boolean }>
> = {
  patient: {
    flag: 'patient-missing',
    isMet: ({ content, classification }) =>
      classification !== 'PHI' || content.outcome !== '0' || namesPatient(content),
  },
  requestor: {
    flag: 'requestor-missing',
    isMet: ({ content }) => content.agents.some(({ who, requestor }) => requestor && who !== ''),
  },
  'unique-principal': {
    flag: 'principal-shared',
    isMet: ({ content, sharedPrincipals }) =>
      content.agents.every(
        ({ who }) => !sharedPrincipals.has(who.slice(who.lastIndexOf('/') + 1).toLowerCase()),
      ),
  },
  'purpose-of-disclosure': {
    flag: 'disclosure-purpose-missing',
    isMet: ({ content }) =>
      !isDisclosure(content) || content.disclosure !== undefined || statesPurpose(content),
  },
  purpose: {
    flag: 'purpose-missing',
    isMet: ({ content }) => content.disclosure !== undefined || statesPurpose(content),
  },
  correlation: {
    flag: 'correlation-missing',
    isMet: ({ content }) => content.correlationId !== undefined || content.workflow !== undefined,
  },
  past: {
    flag: 'occurred-in-future',
    isMet: ({ content, receivedAt }) => Date.parse(content.occurredAt) <= Date.parse(receivedAt) + LEEWAY_MS,
  },
};

/** FHIR object-role 1 is the patient; a reference says it as well. */
const namesPatient = ({ subject, entities }: AuditContent): boolean =>
  subject !== undefined ||
  entities.some(({ role, what }) => role?.code === '1' || what.startsWith('Patient/'));

const statesPurpose = ({ purpose = [], agents }: AuditContent): boolean =>
  purpose.length > 0 || agents.some((agent) => (agent.purpose ?? []).length > 0);
