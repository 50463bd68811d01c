import type { FhirResource } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { extensionValue } from '../declared';
import type { SegmentReader } from '../reader';
import type { Scope } from '../scope';

/**
 * A Z segment that the sender profile explains: its fields become extensions of the resource it goes with, which is
 * the nearest of the named type before it (a ZIN after IN1: that Coverage), else the only one of the message.
 */
export function mapZSegment(segment: Hl7Segment, scope: Scope): boolean {
  const { zSegments } = scope.context.profile;
  const map = Object.hasOwn(zSegments, segment.name) ? zSegments[segment.name] : undefined;
  if (map === undefined) return false;
  const reader = scope.open(segment);
  const resource = nearest(map.on, segment, scope);
  if (resource === undefined) {
    reader.report(
      'warning',
      'Z_SEGMENT_WITHOUT_RESOURCE',
      'The message has no resource that the profile puts this segment on.',
    );
    reader.keepAll('The message has no resource that the profile puts this segment on.');
    return true;
  }
  for (const [n, { extension: url, type, table }] of Object.entries(map.fields)) {
    for (const field of reader.all(Number(n), `${map.on}.extension(${url})`)) {
      const value = extensionValue(field, type, scope, table);
      if (value !== undefined) (resource.extension ??= []).push({ url, ...value });
    }
  }
  return true;
}

type Extensible = Extract<FhirResource, { extension?: unknown }>;

function nearest(type: string, segment: Hl7Segment, scope: Scope): Extensible | undefined {
  for (let i = segment.index - 1; i >= 0; i--) {
    const resource = described(scope.readers[i], scope);
    if (resource?.resourceType === type) return resource as Extensible;
  }
  const [only, ...others] = [...scope.resources.values()].filter(({ resourceType }) => resourceType === type);
  return others.length === 0 ? (only as Extensible | undefined) : undefined;
}

function described(reader: SegmentReader | undefined, scope: Scope): FhirResource | undefined {
  return reader?.entry === undefined
    ? undefined
    : scope.resources.get(reader.entry.slice('urn:uuid:'.length));
}
