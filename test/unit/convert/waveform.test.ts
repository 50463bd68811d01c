import { validateBundle } from '../../../src/lib/fhir';
import { all, codes, convert, msh, pid } from './helpers';

const channel = '1&II^LEAD&LEFT^0.5&uV&microvolt&UCUM^2&10^500^-2048&2047';
const waveform = (...obx: readonly string[]): ReturnType<typeof convert> => {
  const conversion = convert([
    msh('ORU^W01'),
    pid,
    'OBR|1||F1^ICU|ECG^Electrocardiogram^L|||20240105093000-0500',
    ...obx,
  ]);
  expect(validateBundle(conversion.bundle)).toEqual([]);
  return conversion;
};
const cd = (definition: string, subId = '1'): string => `OBX|1|CD|ECG&CHN^^L|${subId}|${definition}||||||F`;
const numbers = (type: string, value: string, subId = '1'): string =>
  `OBX|2|${type}|ECG&WAV^^L|${subId}|${value}||||||F`;
const last = (conversion: ReturnType<typeof convert>) => all(conversion, 'Observation').at(-1);

test('one channel: number, scale, zero, rate and limits', () => {
  expect(last(waveform(cd(channel), numbers('NA', '0^10^-3^^12')))?.valueSampledData).toEqual({
    // (number - 10) x 0.5 uV x 2
    origin: { value: -10, unit: 'microvolt', system: 'http://unitsofmeasure.org', code: 'uV' },
    period: 2,
    lowerLimit: -2048,
    upperLimit: 2047,
    dimensions: 1,
    data: '0 10 -3 E 12',
  });
});

test('repetitions of NA go on where the last ended', () => {
  const plain = '1&II^^0.25&mV^^250';
  expect(last(waveform(cd(plain), numbers('NA', '1^2~3')))?.valueSampledData).toEqual({
    origin: { value: 0, unit: 'mV' },
    period: 4,
    factor: 0.25,
    dimensions: 1,
    data: '1 2 3',
  });
});

test('two channels of one scale, a repetition for each time', () => {
  const value = last(waveform(cd(`${channel}~${channel.replace('II', 'V1')}`), numbers('MA', '1^2~3^4')));
  expect(value?.valueSampledData).toMatchObject({ dimensions: 2, data: '1 2 3 4' });
});

test.each([
  ['no channel', []],
  ['a channel of another waveform', [cd(channel, '2')]],
  ['a channel of another order', [cd(channel), 'OBR|2||F2^ICU|ECG^Electrocardiogram^L']],
  ['no rate', [cd('1&II^^0.5&uV')]],
  ['no unit', [cd('1&II^^0.5^^500')]],
  ['channels of different scales', [cd(`${channel}~2&V1^^1&uV^^500`)]],
])('%s: the numbers are text as sent, and it is said', (_, before) => {
  const conversion = waveform(...before, numbers('MA', '1^2~3^4'));
  expect(last(conversion)).toMatchObject({ valueString: '1^2\n3^4' });
  expect(codes(conversion)).toContain('WAVEFORM_AS_TEXT');
  expect(conversion.ledger.entries.filter(({ location }) => location.includes('-5['))).not.toContainEqual(
    expect.objectContaining({ fate: 'unknown' }),
  );
});

test('what is no number is no signal', () => {
  const conversion = waveform(cd(channel), numbers('NA', '1^high^3'));
  expect(last(conversion)).toMatchObject({ valueString: '1^high^3' });
});
