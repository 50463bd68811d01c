/**
 * Synthetic HL7 v2 for drills and benchmarks: everything derives from the index, so two runs send the same bytes.
 * Each block of five belongs to one patient: admission, three results, an update.
 */
const analytes = [
  ['2951-2', 'Sodium [Moles/volume] in Serum or Plasma', 'mmol/L', '136-145', 138],
  ['2823-3', 'Potassium [Moles/volume] in Serum or Plasma', 'mmol/L', '3.5-5.1', 4.1],
  ['2075-0', 'Chloride [Moles/volume] in Serum or Plasma', 'mmol/L', '98-107', 102],
  ['2345-7', 'Glucose [Mass/volume] in Serum or Plasma', 'mg/dL', '70-99', 91],
  ['2160-0', 'Creatinine [Mass/volume] in Serum or Plasma', 'mg/dL', '0.6-1.2', 0.9],
  ['718-7', 'Hemoglobin [Mass/volume] in Blood', 'g/dL', '12.0-16.0', 13.4],
  ['777-3', 'Platelets [#/volume] in Blood by Automated count', '10*3/uL', '150-400', 251],
  ['6690-2', 'Leukocytes [#/volume] in Blood by Automated count', '10*3/uL', '4.5-11.0', 6.3],
  ['789-8', 'Erythrocytes [#/volume] in Blood by Automated count', '10*6/uL', '3.90-5.20', 4.5],
  ['787-2', 'MCV [Entitic volume] by Automated count', 'fL', '80.0-100.0', 88],
] as const;

const provider = '1234567893^Attend^Ines^^^Dr^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI';
const authority = 'GENERAL&2.16.840.1.113883.3.9999.1&ISO';

/** Minutes after the first message, as an HL7 DTM with zone. */
function at(minutes: number): string {
  return `${new Date(Date.UTC(2026, 10, 1) + minutes * 60_000)
    .toISOString()
    .replace(/[-:T]/g, '')
    .slice(0, 14)}+0000`;
}

const pid = (patient: number) =>
  `PID|1||DR${String(patient).padStart(6, '0')}^^^${authority}^MR||Drill${patient}^Case^^^^^L||19700101|${patient % 2 ? 'F' : 'M'}`;

const pv1 = (patient: number, bed: string) =>
  `PV1|1|I|${bed}^${patient % 40}^A^GENERAL||||${provider}||||||||||||VD${patient}^^^${authority}^VN`;

const join = (segments: readonly string[]) => Buffer.from(`${segments.join('\r')}\r`, 'utf8');

function header(application: string, event: string, structure: string, index: number): string {
  return `MSH|^~\\&|${application}|GENERAL|MEDRELAY|GENERAL|${at(index)}||${event}^${structure}|DRILL${index}|P|2.5.1`;
}

function admission(index: number, patient: number, event: 'A01' | 'A08'): Buffer {
  return join([
    header('ADTSYS', `ADT^${event}`, 'ADT_A01', index),
    `EVN|${event}|${at(index)}`,
    `${pid(patient)}|||${patient} Harbor St^^Portland^ME^04101^USA^H||^PRN^PH^^1^207^5550100`,
    pv1(patient, event === 'A01' ? '4W' : '5N'),
  ]);
}

export function result(index: number, patient: number, observations = 10): Buffer {
  return join([
    header('LABSYS', 'ORU^R01', 'ORU_R01', index),
    pid(patient),
    pv1(patient, '4W'),
    `ORC|RE|ORD${index}^ADTSYS|FIL${index}^LABSYS`,
    `OBR|1|ORD${index}^ADTSYS|FIL${index}^LABSYS|24323-8^Comprehensive metabolic 2000 panel - Serum or Plasma^LN|||${at(index)}|||||||||${provider}||||||${at(index)}||CH|F`,
    ...Array.from({ length: observations }, (_, i) => {
      const [code, name, unit, range, value] = analytes[i % analytes.length]!;
      return `OBX|${i + 1}|NM|${code}^${name}^LN|${i < analytes.length ? '' : i}|${value}|${unit}^${unit}^UCUM|${range}|N|||F|||${at(index)}`;
    }),
  ]);
}

/** The drill's message of that index. */
export function drillMessage(index: number): Buffer {
  const patient = Math.floor(index / 5);
  const step = index % 5;
  if (step === 0) return admission(index, patient, 'A01');
  if (step === 4) return admission(index, patient, 'A08');
  return result(index, patient);
}
