import { atLeast, atMost } from './bar';
import { bundleBytes, type ContestName } from './contests';
import { race } from './race';
import { micro, type Findings } from './section';
import { measureLoad } from './app-start';

export async function benchConverter(): Promise<Findings> {
  const races = {
    conversion: await race('conversion'),
    stringified: await race('stringified'),
    validated: await race('validated'),
    hl7Standard: await race('hl7Standard'),
    medplum: await race('medplum'),
  } satisfies Record<ContestName, unknown>;
  const load = await measureLoad();
  const { conversion, stringified, validated, hl7Standard, medplum } = races;
  return {
    rows: [
      { measure: 'convert one 10-OBX ORU^R01, best', found: micro(conversion.ours) },
      { measure: 'convert and validate it, best', found: micro(validated.ours) },
      { measure: `copy its Bundle (${bundleBytes()} bytes), best`, found: micro(conversion.other) },
    ],
    bars: [
      atMost(
        'conversion of a 10-OBX ORU / copy of its Bundle through JSON',
        2.5,
        conversion.ours / conversion.other,
      ),
      atMost('the same with JSON.stringify', 6, stringified.ours / stringified.other),
      atMost('the same with validation', 5, validated.ours / validated.other),
      atLeast('parse and read of 1,010 OBX: hl7-standard / ours', 10, hl7Standard.other / hl7Standard.ours),
      atLeast('parse and read of 1,010 OBX: @medplum/core / ours', 1.5, medplum.other / medplum.ours),
      atMost('load of converter, validator and tables, ms', 60, load),
    ],
    report: { races, load },
  };
}
