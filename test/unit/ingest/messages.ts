import type { Delivery } from '../../../src/lib/ingest';

interface Parts {
  readonly controlId?: string;
  readonly sender?: string;
  readonly family?: string;
  readonly time?: string;
}

export function adt({
  controlId = 'A1',
  sender = 'ADT|GEN',
  family = 'Muster',
  time = '20261118082000-0500',
}: Parts = {}): string {
  return [
    `MSH|^~\\&|${sender}|MR|GEN|${time}||ADT^A01^ADT_A01|${controlId}|P|2.5.1`,
    `EVN|A01|${time}`,
    `PID|1||1001^^^GEN^MR||${family}^Eva^^^^^L||19610615|F`,
    'PV1|1|I|4W^412^A^GEN||||99^Attend^Ines^^^Dr^^^GEN||||||||||||V1^^^GEN^VN',
    '',
  ].join('\r');
}

export function oru({ controlId = 'L1', sender = 'LAB|GEN', family = 'Muster' }: Parts = {}): string {
  return [
    `MSH|^~\\&|${sender}|MR|GEN|20261119061500-0500||ORU^R01^ORU_R01|${controlId}|P|2.5.1`,
    `PID|1||1001^^^GEN^MR||${family}^Eva^^^^^L||19610615|F`,
    'OBR|1|P1^ADT|F1^LAB|24326-1^Electrolytes^LN|||20261119054000-0500|||||||||||||||20261119061400-0500||CH|F',
    'OBX|1|NM|2823-3^Potassium^LN||6.8|mmol/L^mmol/L^UCUM|3.5-5.1|HH|||F',
    'OBX|2|NM|2951-2^Sodium^LN||138|mmol/L^mmol/L^UCUM|136-145|N|||F',
    '',
  ].join('\r');
}

export const delivery = (origin: string, more: Partial<Delivery> = {}): Delivery => ({
  origin,
  enqueuedAt: '2026-11-20T00:00:00.000Z',
  attempt: 0,
  isReplay: false,
  ...more,
});
