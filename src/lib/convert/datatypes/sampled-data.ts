import { isDeepStrictEqual } from 'node:util';
import type { SampledData } from 'fhir/r4';
import type { Hl7Repetition, Hl7Segment } from '../../hl7';
import type { FieldReader } from '../reader';
import type { Scope } from '../scope';
import { set } from '../set';
import { parseDecimal } from './nm';

/** What makes numbers a signal: all of SampledData but the numbers themselves. */
type Channel = Omit<SampledData, 'data' | 'dimensions'>;

/** The segments of a waveform (time, channels, data, annotation; ch. 7.14) stand together. */
const reach = 32;

/**
 * NA (one channel) or MA (a repetition for each time, a component for each channel) of a waveform, when the channel
 * definition before it (OBX-2 `CD`, the same OBX-4) says how often it was sampled and what a number is worth.
 * Undefined where that is not clear, or where channels are measured differently: R4 has one scale for all dimensions.
 */
export function sampledData(
  values: readonly FieldReader[],
  type: string,
  segment: Hl7Segment,
  scope: Scope,
): SampledData | undefined {
  const [channel, ...others] = channelsOf(segment, scope);
  const [first] = values;
  if (channel === undefined || first === undefined) return undefined;
  const dimensions = others.length + 1;
  if (others.some((other) => !isDeepStrictEqual(other, channel))) return undefined;
  if (type === 'NA' && dimensions > 1) return undefined;
  const { component } = first.sender.delimiters;
  const rows = values.map(({ repetition }) => repetition.raw.split(component).map((text) => text.trim()));
  if (type === 'MA' && rows.some((row) => row.length !== dimensions)) return undefined;
  const numbers = rows.flat();
  // R4: `E`, `L` and `U` stand for what could not be measured; an empty component of v2 is a sample without a value.
  const data = numbers.map((text) =>
    text === '' ? 'E' : parseDecimal(text) === undefined ? undefined : text,
  );
  if (data.includes(undefined) || data.every((text) => text === 'E')) return undefined;
  for (const value of values) value.readAll();
  return { ...channel, dimensions, data: data.join(' ') };
}

function channelsOf(segment: Hl7Segment, { message }: Scope): (Channel | undefined)[] {
  const before = message.segments.slice(Math.max(0, segment.index - reach), segment.index).reverse();
  for (const other of before) {
    if (other.name === 'OBR') return [];
    if (other.name !== 'OBX' || other.get(2)?.trim().toUpperCase() !== 'CD') continue;
    if (other.get(4)?.trim() === segment.get(4)?.trim()) return other.field(5).repetitions.map(channelOf);
  }
  return [];
}

/**
 * CD: sensitivity and its unit (CD.3), correction and baseline (CD.4), samples a second (CD.5), limits (CD.6). A number
 * is worth (number - baseline) x sensitivity x correction (ch. 7.14.2).
 */
function channelOf(definition: Hl7Repetition): Channel | undefined {
  const number = (component: number, sub = 1): number | undefined =>
    parseDecimal(definition.get(component, sub)?.trim() ?? '')?.value;
  const [sensitivity, frequency] = [number(3), number(5)];
  const code = definition.get(3, 2)?.trim();
  if (sensitivity === undefined || frequency === undefined || frequency <= 0 || code === undefined)
    return undefined;
  const factor = sensitivity * (number(4) ?? 1);
  const unit = definition.get(3, 3) ?? code;
  const isUcum = definition.get(3, 4)?.trim().toUpperCase() === 'UCUM';
  const channel: Channel = {
    origin: {
      value: tidy(0 - (number(4, 2) ?? 0) * factor),
      unit,
      ...(isUcum ? { system: 'http://unitsofmeasure.org', code } : {}),
    },
    period: tidy(1000 / frequency),
  };
  if (factor !== 1) channel.factor = tidy(factor);
  set(channel, 'lowerLimit', number(6));
  set(channel, 'upperLimit', number(6, 2));
  return channel;
}

/** Without the dust of binary multiplication, and without a negative zero. */
const tidy = (value: number): number => Number(value.toPrecision(12)) + 0;
