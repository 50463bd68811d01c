import { child, children, count, has, hasChoice, isCoded, type Node, text } from './node';

/**
 * A rule of the standard, by its official key. Rules of severity error only (con-3 is a warning), and none of the
 * resources that define others (StructureDefinition, Questionnaire, TestScript...). `dom-*`, `ref-1` and `ele-1` need
 * context and stand elsewhere.
 */
export interface Invariant {
  readonly key: string;
  readonly safeMessage: string;
  readonly holds: (node: Node) => boolean;
}

const rule = (key: string, safeMessage: string, holds: (node: Node) => boolean): Invariant => ({
  key,
  safeMessage,
  holds,
});

const UCUM = 'http://unitsofmeasure.org';
const HL7 = 'http://terminology.hl7.org/CodeSystem/';

const number = (node: Node, name: string): number | undefined => {
  const value = node[name];
  return typeof value === 'number' ? value : undefined;
};
const atLeastZero = (node: Node, name: string): boolean => (number(node, name) ?? 0) >= 0;
const implies = (condition: boolean, consequence: boolean): boolean => !condition || consequence;
const oneOf = (node: Node, ...names: readonly string[]): boolean => names.some((name) => has(node, name));
const isUcum = (node: Node): boolean => !has(node, 'system') || node['system'] === UCUM;

/** Two times are compared as instants when both have a zone, else as far as both say (2024-05 is not before 2024). */
function isNotAfter(start: string, end: string): boolean {
  if (start.length > 10 && end.length > 10) return !(Date.parse(start) > Date.parse(end));
  const shared = Math.min(start.length, end.length, 10);
  return start.slice(0, shared) <= end.slice(0, shared);
}

const sameUnit = (a: Node, b: Node): boolean =>
  has(a, 'code') && has(b, 'code')
    ? a['code'] === b['code'] && a['system'] === b['system']
    : a['unit'] === b['unit'];

const isErroneous = (node: Node, system: string): boolean =>
  isCoded(child(node, 'verificationStatus'), HL7 + system, 'entered-in-error');

const sameCode = (a: Node, b: Node): boolean =>
  has(a, 'code') && a['system'] === b['system'] && a['code'] === b['code'] && a['version'] === b['version'];

const isOfAny = (node: Node, name: string, ...values: readonly string[]): boolean =>
  values.includes(text(node, name));

const isHome = (node: Node): boolean => node['use'] === 'home';

/** Elements and attributes that a narrative may have (R4 narrative.html), by pattern: no script, no form, no handler. */
const XHTML_ELEMENTS = new Set(
  'a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul var'.split(
    ' ',
  ),
);
function isNarrative(div: string): boolean {
  if (!/^\s*<div\s[^>]*xmlns="http:\/\/www\.w3\.org\/1999\/xhtml"/.test(div) || !/<\/div>\s*$/.test(div)) {
    return /^\s*<div\s[^>]*xmlns="http:\/\/www\.w3\.org\/1999\/xhtml"[^>]*\/>\s*$/.test(div);
  }
  for (const [, name = '', attributes = ''] of div.matchAll(/<\/?([A-Za-z][\w:-]*)([^<>]*)>/g))
    if (!XHTML_ELEMENTS.has(name) || /\son\w+\s*=|javascript:/i.test(attributes)) return false;
  return true;
}
const hasContent = (div: string): boolean => /<img\s/.test(div) || /\S/.test(div.replace(/<[^>]*>/g, ''));

const bundleType = (bundle: Node): string => text(bundle, 'type');
const entries = (bundle: Node): readonly Node[] => children(bundle, 'entry');
const firstIs = (bundle: Node, resourceType: string): boolean =>
  child(entries(bundle)[0] ?? {}, 'resource')['resourceType'] === resourceType;

function areFullUrlsUnique(bundle: Node): boolean {
  const seen = new Set<string>();
  for (const entry of entries(bundle)) {
    if (!has(entry, 'fullUrl')) continue;
    const key = `${text(entry, 'fullUrl')} ${text(child(child(entry, 'resource'), 'meta'), 'versionId')}`;
    if (seen.has(key)) return false;
    seen.add(key);
  }
  return true;
}

export const invariants: ReadonlyMap<string, readonly Invariant[]> = new Map<string, readonly Invariant[]>([
  // Data types
  [
    'Extension',
    [
      rule(
        'ext-1',
        'an extension has either a value or extensions, not both',
        (e) => hasChoice(e, 'value') !== has(e, 'extension'),
      ),
    ],
  ],
  [
    'Quantity',
    [rule('qty-3', 'a unit code needs its system', (q) => implies(has(q, 'code'), has(q, 'system')))],
  ],
  [
    'Age',
    [
      rule(
        'age-1',
        'an age has a positive value with a UCUM code',
        (q) => implies(has(q, 'value'), has(q, 'code')) && isUcum(q) && (number(q, 'value') ?? 1) > 0,
      ),
    ],
  ],
  [
    'Count',
    [
      rule(
        'cnt-3',
        'a count is a whole number with the UCUM code 1',
        (q) =>
          implies(has(q, 'value'), has(q, 'code')) &&
          isUcum(q) &&
          (!has(q, 'code') || q['code'] === '1') &&
          Number.isInteger(number(q, 'value') ?? 0),
      ),
    ],
  ],
  [
    'Distance',
    [
      rule(
        'dis-1',
        'a distance has a UCUM code of length',
        (q) => implies(has(q, 'value'), has(q, 'code')) && isUcum(q),
      ),
    ],
  ],
  [
    'Duration',
    [
      rule('drt-1', 'a duration with a code has a value and the system UCUM', (q) =>
        implies(has(q, 'code'), q['system'] === UCUM && has(q, 'value')),
      ),
    ],
  ],
  [
    'Range',
    [
      rule('rng-2', 'low must not be above high', (r) => {
        const [low, high] = [child(r, 'low'), child(r, 'high')];
        return (
          !sameUnit(low, high) || !((number(low, 'value') ?? -Infinity) > (number(high, 'value') ?? Infinity))
        );
      }),
    ],
  ],
  [
    'Ratio',
    [
      rule(
        'rat-1',
        'numerator and denominator are both there, or both absent with an extension',
        (r) => has(r, 'numerator') === has(r, 'denominator') && oneOf(r, 'numerator', 'extension'),
      ),
    ],
  ],
  [
    'Period',
    [
      rule(
        'per-1',
        'start must not be after end',
        (p) => !text(p, 'start') || !text(p, 'end') || isNotAfter(text(p, 'start'), text(p, 'end')),
      ),
    ],
  ],
  [
    'Attachment',
    [rule('att-1', 'data needs a contentType', (a) => implies(has(a, 'data'), has(a, 'contentType')))],
  ],
  [
    'ContactPoint',
    [rule('cpt-2', 'a value needs a system', (c) => implies(has(c, 'value'), has(c, 'system')))],
  ],
  [
    'Expression',
    [rule('exp-1', 'an expression or a reference is needed', (e) => oneOf(e, 'expression', 'reference'))],
  ],
  [
    'Narrative',
    [
      rule(
        'txt-1',
        'div must be XHTML with the formatting elements of the standard only',
        (n) => !text(n, 'div') || isNarrative(text(n, 'div')),
      ),
      rule('txt-2', 'div must have content', (n) => !text(n, 'div') || hasContent(text(n, 'div'))),
    ],
  ],
  [
    'Timing.repeat',
    [
      rule('tim-1', 'a duration needs its unit', (t) => implies(has(t, 'duration'), has(t, 'durationUnit'))),
      rule('tim-2', 'a period needs its unit', (t) => implies(has(t, 'period'), has(t, 'periodUnit'))),
      rule('tim-4', 'a duration is not negative', (t) => atLeastZero(t, 'duration')),
      rule('tim-5', 'a period is not negative', (t) => atLeastZero(t, 'period')),
      rule('tim-6', 'periodMax needs a period', (t) => implies(has(t, 'periodMax'), has(t, 'period'))),
      rule('tim-7', 'durationMax needs a duration', (t) =>
        implies(has(t, 'durationMax'), has(t, 'duration')),
      ),
      rule('tim-8', 'countMax needs a count', (t) => implies(has(t, 'countMax'), has(t, 'count'))),
      rule('tim-9', 'an offset needs a when other than C, CM, CD, CV', (t) => {
        const when = t['when'];
        return implies(
          has(t, 'offset'),
          Array.isArray(when) && !when.some((code) => ['C', 'CM', 'CD', 'CV'].includes(String(code))),
        );
      }),
      rule(
        'tim-10',
        'timeOfDay and when exclude each other',
        (t) => !(has(t, 'timeOfDay') && has(t, 'when')),
      ),
    ],
  ],
  [
    'DataRequirement.codeFilter',
    [rule('drq-1', 'either a path or a searchParam', (f) => has(f, 'path') !== has(f, 'searchParam'))],
  ],
  [
    'DataRequirement.dateFilter',
    [rule('drq-2', 'either a path or a searchParam', (f) => has(f, 'path') !== has(f, 'searchParam'))],
  ],
  [
    'ElementDefinition',
    [
      rule(
        'eld-2',
        'min must not be above max',
        (e) => !has(e, 'max') || e['max'] === '*' || (number(e, 'min') ?? 0) <= Number(e['max']),
      ),
      rule(
        'eld-8',
        'pattern and fixed exclude each other',
        (e) => !(hasChoice(e, 'pattern') && hasChoice(e, 'fixed')),
      ),
      rule('eld-18', 'a modifier needs its reason', (e) =>
        implies(e['isModifier'] === true, has(e, 'isModifierReason')),
      ),
      rule('eld-22', 'sliceIsConstraining needs a sliceName', (e) =>
        implies(has(e, 'sliceIsConstraining'), has(e, 'sliceName')),
      ),
    ],
  ],
  [
    'ElementDefinition.slicing',
    [
      rule('eld-1', 'without discriminators a slicing needs a description', (s) =>
        oneOf(s, 'discriminator', 'description'),
      ),
    ],
  ],

  // Resources
  [
    'AllergyIntolerance',
    [
      rule(
        'ait-1',
        'clinicalStatus is needed unless entered in error',
        (a) => isErroneous(a, 'allergyintolerance-verification') || has(a, 'clinicalStatus'),
      ),
      rule(
        'ait-2',
        'entered in error has no clinicalStatus',
        (a) => !(isErroneous(a, 'allergyintolerance-verification') && has(a, 'clinicalStatus')),
      ),
    ],
  ],
  [
    'Appointment',
    [
      rule('app-2', 'start and end come together', (a) => has(a, 'start') === has(a, 'end')),
      rule(
        'app-3',
        'only proposed, cancelled or waitlisted appointments lack start and end',
        (a) =>
          (has(a, 'start') && has(a, 'end')) || isOfAny(a, 'status', 'proposed', 'cancelled', 'waitlist'),
      ),
      rule('app-4', 'only a cancelled or missed appointment has a cancelationReason', (a) =>
        implies(has(a, 'cancelationReason'), isOfAny(a, 'status', 'noshow', 'cancelled')),
      ),
    ],
  ],
  [
    'Appointment.participant',
    [rule('app-1', 'a type or an actor is needed', (p) => oneOf(p, 'type', 'actor'))],
  ],
  [
    'AuditEvent.entity',
    [rule('sev-1', 'name and query exclude each other', (e) => !(has(e, 'name') && has(e, 'query')))],
  ],
  [
    'Bundle',
    [
      rule('bdl-1', 'total is for a searchset or history', (b) =>
        implies(has(b, 'total'), isOfAny(b, 'type', 'searchset', 'history')),
      ),
      rule(
        'bdl-2',
        'entry.search is for a searchset',
        (b) => bundleType(b) === 'searchset' || !entries(b).some((e) => has(e, 'search')),
      ),
      rule('bdl-3', 'entries of a batch, transaction or history have a request, others none', (b) => {
        const wanted = isOfAny(b, 'type', 'batch', 'transaction', 'history');
        return entries(b).every((e) => has(e, 'request') === wanted);
      }),
      rule('bdl-4', 'entries of a response or history have a response, others none', (b) => {
        const wanted = isOfAny(b, 'type', 'batch-response', 'transaction-response', 'history');
        return entries(b).every((e) => has(e, 'response') === wanted);
      }),
      rule('bdl-7', 'fullUrl must be unique', (b) => bundleType(b) === 'history' || areFullUrlsUnique(b)),
      rule('bdl-9', 'a document has an identifier with system and value', (b) =>
        implies(
          bundleType(b) === 'document',
          has(child(b, 'identifier'), 'system') && has(child(b, 'identifier'), 'value'),
        ),
      ),
      rule('bdl-10', 'a document has a timestamp', (b) =>
        implies(bundleType(b) === 'document', b['timestamp'] !== undefined),
      ),
      rule('bdl-11', 'a document starts with a Composition', (b) =>
        implies(bundleType(b) === 'document', firstIs(b, 'Composition')),
      ),
      rule('bdl-12', 'a message starts with a MessageHeader', (b) =>
        implies(bundleType(b) === 'message', firstIs(b, 'MessageHeader')),
      ),
    ],
  ],
  [
    'Bundle.entry',
    [
      rule('bdl-5', 'an entry has a resource, a request or a response', (e) =>
        oneOf(e, 'resource', 'request', 'response'),
      ),
      rule('bdl-8', 'a fullUrl names no version', (e) => !text(e, 'fullUrl').includes('/_history/')),
    ],
  ],
  [
    'CarePlan.activity',
    [
      rule(
        'cpl-3',
        'detail and reference exclude each other',
        (a) => !(has(a, 'detail') && has(a, 'reference')),
      ),
    ],
  ],
  [
    'Composition.section',
    [
      rule('cmp-1', 'a section has text, entries or sections', (s) => oneOf(s, 'text', 'entry', 'section')),
      rule(
        'cmp-2',
        'only an empty section has an emptyReason',
        (s) => !(has(s, 'emptyReason') && has(s, 'entry')),
      ),
    ],
  ],
  [
    'Condition',
    [
      rule('con-4', 'an abated condition is inactive, resolved or in remission', (c) =>
        implies(
          hasChoice(c, 'abatement'),
          isCoded(
            child(c, 'clinicalStatus'),
            `${HL7}condition-clinical`,
            'resolved',
            'remission',
            'inactive',
          ),
        ),
      ),
      rule(
        'con-5',
        'entered in error has no clinicalStatus',
        (c) => !(isErroneous(c, 'condition-ver-status') && has(c, 'clinicalStatus')),
      ),
    ],
  ],
  [
    'Condition.stage',
    [rule('con-1', 'a stage has a summary or an assessment', (s) => oneOf(s, 'summary', 'assessment'))],
  ],
  [
    'Condition.evidence',
    [rule('con-2', 'evidence has a code or details', (e) => oneOf(e, 'code', 'detail'))],
  ],
  ['Consent', [rule('ppc-1', 'a policy or a policyRule is needed', (c) => oneOf(c, 'policy', 'policyRule'))]],
  [
    'CoverageEligibilityResponse.insurance.item',
    [
      rule(
        'ces-1',
        'either a category or a productOrService',
        (i) => has(i, 'category') !== has(i, 'productOrService'),
      ),
    ],
  ],
  [
    'FamilyMemberHistory',
    [
      rule('fhs-1', 'age and born exclude each other', (f) => !(hasChoice(f, 'age') && hasChoice(f, 'born'))),
      rule('fhs-2', 'estimatedAge needs an age', (f) => implies(has(f, 'estimatedAge'), hasChoice(f, 'age'))),
    ],
  ],
  [
    'Goal.target',
    [rule('gol-1', 'a detail needs a measure', (t) => implies(hasChoice(t, 'detail'), has(t, 'measure')))],
  ],
  [
    'Group',
    [
      rule('grp-1', 'only an actual group has members', (g) =>
        implies(has(g, 'member'), g['actual'] === true),
      ),
    ],
  ],
  [
    'Immunization.education',
    [rule('imm-1', 'a documentType or a reference is needed', (e) => oneOf(e, 'documentType', 'reference'))],
  ],
  [
    'InsurancePlan',
    [rule('ipn-1', 'a name or an identifier is needed', (i) => oneOf(i, 'identifier', 'name'))],
  ],
  ['Linkage', [rule('lnk-1', 'at least two items are needed', (l) => count(l, 'item') > 1)]],
  [
    'List',
    [
      rule(
        'lst-1',
        'only an empty list has an emptyReason',
        (l) => !(has(l, 'emptyReason') && has(l, 'entry')),
      ),
      rule(
        'lst-2',
        'deleted is for a list of changes',
        (l) => l['mode'] === 'changes' || !children(l, 'entry').some((e) => has(e, 'deleted')),
      ),
      rule(
        'lst-3',
        'an entry date is for a working list',
        (l) => l['mode'] === 'working' || !children(l, 'entry').some((e) => has(e, 'date')),
      ),
    ],
  ],
  [
    'MedicationAdministration.dosage',
    [rule('mad-1', 'a dose or a rate is needed', (d) => has(d, 'dose') || hasChoice(d, 'rate'))],
  ],
  [
    'Observation',
    [
      rule(
        'obs-6',
        'dataAbsentReason is only for an observation without a value',
        (o) => !(has(o, 'dataAbsentReason') && hasChoice(o, 'value')),
      ),
      rule('obs-7', 'a value whose code is also a component belongs to the component', (o) => {
        if (!has(o, 'component') || !hasChoice(o, 'value')) return true;
        const codes = children(child(o, 'code'), 'coding');
        return !children(o, 'component').some((c) =>
          children(child(c, 'code'), 'coding').some((a) => codes.some((b) => sameCode(a, b))),
        );
      }),
    ],
  ],
  [
    'Observation.referenceRange',
    [rule('obs-3', 'a reference range has a low, a high or a text', (r) => oneOf(r, 'low', 'high', 'text'))],
  ],
  [
    'Organization',
    [
      rule('org-1', 'a name or an identifier is needed', (o) => oneOf(o, 'identifier', 'name')),
      rule('org-2', 'an organization has no home address', (o) => !children(o, 'address').some(isHome)),
      rule('org-3', 'an organization has no home telecom', (o) => !children(o, 'telecom').some(isHome)),
    ],
  ],
  [
    'Parameters.parameter',
    [
      rule(
        'inv-1',
        'exactly one of value, resource and part',
        (p) => [hasChoice(p, 'value'), has(p, 'resource'), has(p, 'part')].filter(Boolean).length === 1,
      ),
    ],
  ],
  [
    'Patient.contact',
    [
      rule('pat-1', 'a contact has a name, a telecom, an address or an organization', (c) =>
        oneOf(c, 'name', 'telecom', 'address', 'organization'),
      ),
    ],
  ],
  [
    'Reference',
    [
      rule('reference-empty', 'a reference has a reference, an identifier, a display or an extension', (r) =>
        oneOf(r, 'reference', 'identifier', 'display', 'extension'),
      ),
    ],
  ],
  [
    'ServiceRequest',
    [rule('prr-1', 'orderDetail needs a code', (s) => implies(has(s, 'orderDetail'), has(s, 'code')))],
  ],
  [
    'AppointmentResponse',
    [rule('apr-1', 'a participantType or an actor is needed', (a) => oneOf(a, 'participantType', 'actor'))],
  ],
  [
    'ImmunizationRecommendation.recommendation',
    [
      rule('imr-1', 'a vaccineCode or a targetDisease is needed', (r) =>
        oneOf(r, 'vaccineCode', 'targetDisease'),
      ),
    ],
  ],
  [
    'MedicationDispense',
    [
      rule(
        'mdd-1',
        'whenHandedOver must not be before whenPrepared',
        (m) =>
          !text(m, 'whenPrepared') ||
          !text(m, 'whenHandedOver') ||
          isNotAfter(text(m, 'whenPrepared'), text(m, 'whenHandedOver')),
      ),
    ],
  ],
  [
    'QuestionnaireResponse.item',
    [rule('qrs-1', 'answer and item exclude each other', (i) => !(has(i, 'answer') && has(i, 'item')))],
  ],
  [
    'RequestGroup.action',
    [rule('rqg-1', 'either a resource or actions', (a) => has(a, 'resource') !== has(a, 'action'))],
  ],
  [
    'RiskAssessment.prediction',
    [rule('ras-2', 'a probability is at most 100', (p) => (number(p, 'probabilityDecimal') ?? 0) <= 100)],
  ],
]);
