type Outcome = readonly [key: string, status: 'done' | 'rejected', code?: string];

const adt = (controlId: string) => `demo|ADTSYS|GENERAL|${controlId}`;
const lab = (controlId: string) => `demo|LABSYS|GENERAL|${controlId}`;
/** A message without a control id is known by its bytes. */
const byBytes = expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string;

/** What becomes of every sample, in the order in which `send samples` takes the files. */
export const expected: readonly Outcome[] = [
  // 15-batch-with-one-bad.hl7
  [adt('BAT0001'), 'done'],
  [adt('BAT0002'), 'rejected', 'NO_PATIENT_ID'],
  [adt('BAT0003'), 'done'],
  // 27-truncated-batch.hl7
  [adt('TRB0001'), 'done'],
  [adt('TRB0002'), 'rejected', 'BATCH_TRUNCATED'],
  // bad/17 to 26
  [byBytes, 'rejected', 'NOT_HL7'],
  [byBytes, 'rejected', 'EMPTY'],
  [byBytes, 'rejected', 'NO_CONTROL_ID'],
  [adt('EVT0001'), 'rejected', 'UNSUPPORTED_EVENT'],
  [lab('CHR0001'), 'rejected', 'CHARSET_INVALID'],
  [adt('CHR0002'), 'rejected', 'CHARSET_UNKNOWN'],
  [lab('NOP0001'), 'rejected', 'NO_PATIENT'],
  ['demo|__proto__|constructor|__proto__', 'rejected', 'UNSUPPORTED_MESSAGE_TYPE'],
  [adt('TST0001'), 'rejected', 'PROCESSING_ID'],
  [byBytes, 'rejected', 'BODY_NOT_HL7'],
  // good/01 to 16
  [adt('ADM0001'), 'done'],
  [adt('ADM0002'), 'done'],
  [adt('REG0001'), 'done'],
  [adt('UPD0001'), 'done'],
  [adt('DIS0001'), 'done'],
  [lab('LAB0001'), 'done'],
  [lab('LAB0002'), 'done'],
  [lab('LAB0003'), 'done'],
  [lab('LAB0004'), 'done'],
  [adt('ADM0003'), 'done'],
  [lab('LAB0005'), 'done'],
  [adt('ADM0004'), 'done'],
  [lab('LAB0006'), 'done'],
  [lab('LAB0007'), 'done'],
  [adt('MRG0001'), 'done'],
];

export const rejected = expected.filter(([, status]) => status === 'rejected');

/** Family and given names, record numbers, telephone numbers and an address of the samples' patients. */
export const patientData = [
  ...[
    'Testpatient',
    'Alma',
    'Boris',
    'Specimen^',
    'Cora',
    'Edda',
    'Müßig',
    'Zoë',
    'Finn',
    'Gus',
    'Hana',
    'Jana',
  ],
  ...['MR10000', '5550101', 'Harbor St', 'alma@example.org', '19610615', '1961-06-15'],
];
