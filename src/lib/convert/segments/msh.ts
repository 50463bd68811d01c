import type { Hl7Segment } from '../../hl7';
import { instant } from '../datatypes/dtm';
import type { Scope } from '../scope';

const routing = 'Routing: decided where the message goes; the message document keeps it.';
const protocol = 'Protocol: how the message was written and acknowledged.';
const kept = {
  1: protocol,
  2: protocol,
  5: routing,
  6: routing,
  8: routing,
  11: routing,
  12: protocol,
  13: protocol,
  14: protocol,
  15: protocol,
  16: protocol,
  17: protocol,
  18: protocol,
  19: protocol,
  20: protocol,
  21: protocol,
  22: routing,
  23: routing,
  24: routing,
  25: routing,
} as const;

/** What MSH gives the Bundle. MessageHeader is not made: it belongs to Bundles of type message, ours is a transaction. */
export function readMsh(segment: Hl7Segment, scope: Scope): { timestamp: string | undefined } {
  const msh = scope.open(segment, kept);
  msh.first(3, 'Provenance.agent.who')?.code(1);
  msh.first(4, 'Provenance.agent.who')?.code(1);
  const event = msh.first(9, 'Provenance.activity');
  for (const component of [1, 2, 3]) event?.code(component);
  msh.code(10, 'Bundle.identifier');
  return { timestamp: instant(msh.first(7, 'Bundle.timestamp')) };
}
