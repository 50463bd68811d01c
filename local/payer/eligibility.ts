/**
 * 270 in, 271 out (005010X279A1): the parts of a request that an answer repeats, and answers as payers give them.
 * AAA03 codes: 42 unable to respond now, 75 subscriber not found.
 */
import { writeX12, X12Error, type Interchange, type Segment } from './x12';

export interface Inquiry {
  sender: string;
  receiver: string;
  control: string;
  reference: string;
  payer: Segment;
  provider: Segment;
  /** The payer returns it: the sender's correlation key. */
  trace: Segment | undefined;
  subscriber: Segment;
  memberId: string;
  demographics: Segment | undefined;
  serviceTypes: string[];
  serviceDate: string;
}

export type Answer = 'active' | 'inactive' | 'notFound' | 'unavailable';

const VERSION = '005010X279A1';

export function inquiryOf({ segments, repetition }: Interchange): Inquiry {
  const find = (...start: string[]): Segment | undefined =>
    segments.find((segment) => start.every((value, index) => segment[index] === value));
  const needed = (what: string, ...start: string[]): Segment => {
    const found = find(...start);
    if (!found) throw new X12Error(`The request has no ${what} (${start.join('*')}).`);
    return found;
  };
  const isa = needed('interchange', 'ISA');
  const st = needed('transaction set 270', 'ST', '270');
  if (st[3] !== VERSION)
    throw new X12Error(`The transaction set is ${st[3] ?? 'of no version'}, not ${VERSION}.`);
  const bht = needed('beginning of a request', 'BHT', '0022', '13');
  const subscriber = needed('subscriber', 'NM1', 'IL');
  const date = find('DTP', '291');
  return {
    sender: (isa[6] ?? '').trim(),
    receiver: (isa[8] ?? '').trim(),
    control: isa[13] ?? '',
    reference: bht[3] ?? '',
    payer: needed('payer', 'NM1', 'PR'),
    provider: needed('provider', 'NM1', '1P'),
    trace: find('TRN', '1'),
    subscriber,
    memberId: subscriber[9] ?? '',
    demographics: find('DMG'),
    serviceTypes: needed('service type', 'EQ')[1]?.split(repetition) ?? [],
    serviceDate: date?.[3] ?? '',
  };
}

export function answerTo(inquiry: Inquiry, answer: Answer, at: Date): string {
  const { payer, provider, trace, subscriber, demographics, reference } = inquiry;
  const day = at.toISOString().slice(0, 10).replaceAll('-', '');
  const clock = at.toISOString().slice(11, 16).replace(':', '');
  const head: Segment[] = [['BHT', '0022', '11', reference, day, clock], ['HL', '1', '', '20', '1'], payer];
  const body: Segment[] =
    answer === 'unavailable'
      ? [...head, ['AAA', 'Y', '', '42', 'R']]
      : [
          ...head,
          ['HL', '2', '1', '21', '1'],
          provider,
          ['HL', '3', '2', '22', '0'],
          ...(trace ? [['TRN', '2', ...trace.slice(2)]] : []),
          subscriber,
          ...(answer === 'notFound' ? [['AAA', 'N', '', '75', 'C']] : []),
          ...(answer !== 'notFound' && demographics ? [demographics] : []),
          ...(answer === 'notFound' ? [] : benefits(inquiry, answer, day)),
        ];
  return writeX12(
    {
      sender: inquiry.receiver,
      receiver: inquiry.sender,
      control: inquiry.control,
      at,
      functionalId: 'HB',
      set: '271',
      version: VERSION,
    },
    body,
  );
}

function benefits(
  { serviceTypes, serviceDate }: Inquiry,
  answer: 'active' | 'inactive',
  day: string,
): Segment[] {
  const year = (serviceDate || day).slice(0, 4);
  const plan = 'LOCAL HEALTH PPO';
  if (answer === 'inactive') {
    return [
      ['DTP', '347', 'D8', `${Number(year) - 1}1231`],
      ['EB', '6', 'IND', serviceTypes.join('^'), 'C1', plan],
    ];
  }
  const types = serviceTypes.join('^');
  return [
    ['DTP', '346', 'D8', `${year}0101`],
    ['EB', '1', 'IND', types, 'C1', plan],
    // Deductible of the calendar year and what is left of it, in the network.
    ['EB', 'C', 'IND', types, 'C1', plan, '23', '1500', '', '', '', '', 'Y'],
    ['EB', 'C', 'IND', types, 'C1', plan, '29', '640.25', '', '', '', '', 'Y'],
    ['EB', 'G', 'IND', types, 'C1', plan, '23', '6000', '', '', '', '', 'Y'],
    ['EB', 'A', 'IND', types, 'C1', plan, '27', '', '.2', '', '', '', 'Y'],
    ['EB', 'B', 'IND', '98', 'C1', plan, '27', '35', '', '', '', '', 'Y'],
  ];
}
