import type { Reference } from 'fhir/r4';
import type { Scope } from '../scope';
import { adt } from './adt';
import { documents } from './documents';
import { billing, charges } from './finance';
import type { Group, Structure } from './grammar';
import { masterFiles } from './master-files';
import { omd, omg, omi, oml, omn, orm, oms } from './orders';
import { oru } from './oru';
import { oul } from './oul';
import { omp, ras, rde, rds, rgv } from './pharmacy';
import { vxu } from './vaccination';
import { problems } from './problems';
import { referrals } from './referral';
import { scheduling } from './scheduling';

/** How the messages of one trigger event become FHIR. */
export interface Converter {
  readonly structure: Structure;
  /** Returns what the message is about: the targets of its Provenance. */
  convert(root: Group, scope: Scope): Reference[];
}

/** Trigger event (MSH-9.2) -> converter; one table for each message type (MSH-9.1), in the file of its family. */
export type Events = Readonly<Record<string, Converter>>;

export const converters: ReadonlyMap<string, Events> = new Map([
  ['ADT', adt],
  ['OMD', omd],
  ['OMG', omg],
  ['OMI', omi],
  ['OML', oml],
  ['OMN', omn],
  ['OMP', omp],
  ['OMS', oms],
  ['ORM', orm],
  ['ORU', oru],
  ['OUL', oul],
  ['RAS', ras],
  ['RDE', rde],
  ['RDS', rds],
  ['RGV', rgv],
  ['VXU', vxu],
  ['SIU', scheduling],
  ['MDM', documents],
  ['REF', referrals],
  ['PPR', problems],
  ['BAR', billing],
  ['DFT', charges],
  ['MFN', masterFiles],
]);
