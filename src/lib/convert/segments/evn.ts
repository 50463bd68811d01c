import type { Provenance, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { eventReason } from '../codemaps/encounter';
import { terminology } from '../codemaps/table';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime, instant } from '../datatypes/dtm';
import { practitioners } from '../datatypes/xcn';
import { declare } from '../declared';
import { absentReason } from '../extensions';
import { joinKey, localSystem } from '../identity';
import type { Identified, Scope } from '../scope';
import { set } from '../set';
import { parties, sourceMessage } from './msh';
import { mapSft } from './sft';

const kept = {
  1: 'Event code: MSH-9.2 says another one, and EVN-1 was withdrawn.',
  3: 'When the event was planned for: R4 Provenance is of what happened.',
};

const assembler = {
  coding: [{ system: `${terminology}/provenance-participant-type`, code: 'assembler', display: 'Assembler' }],
};

/** When it happened, which may be long before it was recorded. */
export function eventTime(scope: Scope, target: string): string | undefined {
  const segment = scope.message.first('EVN');
  return segment === undefined ? undefined : dateTime(scope.open(segment, kept).first(6, target));
}

/**
 * Where the resources of this message come from: the sender, the event (EVN), and the message itself by its control
 * id, under which the raw copy is kept. Targets are what the message is about; observations follow from their report.
 */
export function mapEvn(
  segment: Hl7Segment | undefined,
  scope: Scope,
  sentAt: string | undefined,
  targets: Reference[],
): void {
  const { header, sender } = scope;
  const provenance = {
    resourceType: 'Provenance',
    id: scope.id('Provenance', scope.messageKey),
    target: targets,
  } as Identified<Provenance>;
  const evn = segment === undefined ? undefined : scope.open(segment, kept);
  set(provenance, 'occurredDateTime', dateTime(evn?.first(6, 'Provenance.occurred')));
  const entered = instant(evn?.first(2, 'Provenance.recorded'));
  const recorded = entered ?? sentAt;
  // R4's `recorded` is an instant: a day, or a time without a zone, stands beside it as what it is.
  if (evn !== undefined && entered === undefined)
    declare(provenance, 'Provenance', evn, { 2: ['recorded', 'dateTime'] }, scope);
  if (sentAt === undefined)
    declare(provenance, 'Provenance', scope.open(scope.message.msh), { 7: ['sent', 'dateTime'] }, scope);
  if (recorded === undefined) Object.assign(provenance, { _recorded: absentReason('unknown') });
  else provenance.recorded = recorded;
  const place = evn?.first(7, 'Provenance.location');
  const name = place?.code(1) ?? place?.code(2);
  if (place !== undefined && name !== undefined) {
    const value = sender.authority(place.code(1), place.code(2), place.code(3));
    provenance.location = { identifier: { system: 'urn:ietf:rfc:3986', value }, display: name };
  }
  const reason = codeableConcept(evn?.first(4, 'Provenance.reason'), { table: '0062', map: eventReason });
  if (reason !== undefined) provenance.reason = [reason];
  const code = evn?.first(1, 'Provenance.activity');
  if (code?.code(1)?.toUpperCase() !== scope.event) code?.keep(kept[1]);
  provenance.activity = {
    coding: [{ system: `${terminology}/v2-0003`, code: scope.event || header.messageCode }],
  };
  const value = joinKey(header.sendingApplication, header.sendingFacility);
  provenance.agent = [
    { who: { identifier: { system: localSystem(scope.context.tenantId), value } } },
    ...practitioners(evn?.all(5, 'Provenance.agent.who') ?? [], scope).map((who) => ({
      type: {
        coding: [
          { system: `${terminology}/provenance-participant-type`, code: 'enterer', display: 'Enterer' },
        ],
      },
      who,
    })),
    ...scope.message.all('SFT').map((sft) => ({ type: assembler, who: mapSft(sft, scope) })),
    ...parties(scope),
  ];
  provenance.entity = [sourceMessage(scope)];
  scope.add(provenance);
}
