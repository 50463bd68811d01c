import { Command, InvalidArgumentError } from 'commander';
import { MedrelayError } from '../../src/lib/errors';
import { auditedRead, auditedSearch } from '../audit-read';
import { dataOption, tenantOption } from '../options';
import { tenantOf, withServices } from '../services';
import { printList, shortTime } from '../terminal';

interface Options {
  readonly data: string;
  readonly patient?: string;
  readonly tenant?: string;
  readonly json?: true;
}

export function fhirCommand(): Command {
  const command = new Command('fhir')
    .summary('read stored FHIR resources')
    .description('Reads current FHIR R4 resources. Each look is audited.');
  command
    .command('get')
    .summary('TYPE lists, TYPE/ID prints one')
    .argument('<type>', 'for example Patient, or Patient/ID', resourceReference)
    .option('--patient <mrn>', 'only of the patients with this identifier')
    .addOption(tenantOption())
    .option('--json', 'one object with items')
    .addOption(dataOption())
    .action(get);
  return command;
}

interface Reference {
  readonly type: string;
  readonly id?: string;
}

function resourceReference(text: string): Reference {
  const { type, id } = /^(?<type>[A-Z][A-Za-z]+)(\/(?<id>[A-Za-z0-9.-]{1,64}))?$/.exec(text)?.groups ?? {};
  if (type === undefined) throw new InvalidArgumentError('It must be like Patient or Patient/ID.');
  return { type, ...(id !== undefined && { id }) };
}

async function get({ type, id }: Reference, { data, patient, tenant, json }: Options): Promise<void> {
  await withServices(data, async (services) => {
    const tenantId = tenantOf(services, tenant);
    if (id !== undefined) {
      const resource = await auditedRead(services, tenantId, `${type}/${id}`, () =>
        services.fhir.getResource(tenantId, type, id),
      );
      if (!resource) throw new MedrelayError('RESOURCE_NOT_FOUND', `There is no ${type} with this id.`);
      console.log(JSON.stringify(resource, null, 2));
      return;
    }
    const query = patient === undefined ? type : `${type}?patient.identifier=${encodeURIComponent(patient)}`;
    const found = await auditedSearch(services, tenantId, query, () =>
      services.fhir.searchResources(tenantId, {
        type,
        ...(patient !== undefined && { patientMrn: patient }),
      }),
    );
    printList(found, json, (resource) => ({
      id: resource.id,
      version: resource.meta?.versionId,
      updated: shortTime(resource.meta?.lastUpdated),
      summary: summaryOf(resource),
    }));
  });
}

/** A hint of which is which: name or code, value, identifier, status. `fhir get TYPE/ID` has it all. */
function summaryOf(resource: object): string {
  const { name, code, vaccineCode, valueQuantity, valueString, valueCodeableConcept, identifier, status } =
    resource as Summarised;
  const title =
    typeof name === 'string'
      ? name
      : name?.map((part) => part.text ?? [...(part.given ?? []), part.family].filter(Boolean).join(' '))[0];
  const { comparator = '', value, unit } = valueQuantity ?? {};
  const quantity = value === undefined ? undefined : `${comparator}${value} ${unit ?? ''}`.trim();
  return [
    title ?? textOf(code ?? vaccineCode),
    quantity ?? valueString ?? textOf(valueCodeableConcept),
    identifier?.[0]?.value,
    status,
  ]
    .filter(Boolean)
    .join(' · ');
}

const textOf = (concept: Coded | undefined): string | undefined =>
  concept?.text ?? concept?.coding?.[0]?.display ?? concept?.coding?.[0]?.code;

interface Coded {
  readonly text?: string;
  readonly coding?: readonly { readonly display?: string; readonly code?: string }[];
}

interface Summarised {
  readonly name?:
    | string
    | readonly { readonly text?: string; readonly family?: string; readonly given?: readonly string[] }[];
  readonly code?: Coded;
  readonly vaccineCode?: Coded;
  readonly valueQuantity?: { readonly comparator?: string; readonly value?: number; readonly unit?: string };
  readonly valueString?: string;
  readonly valueCodeableConcept?: Coded;
  readonly identifier?: readonly { readonly value?: string }[];
  readonly status?: string;
}
