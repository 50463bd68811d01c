import { Command } from 'commander';
import { MedrelayError } from '../../src/lib/errors';
import { auditRead } from '../audit-read';
import { dataOption, withServices } from '../services';
import { printList } from '../terminal';

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
    .command('get <type>')
    .summary('TYPE lists, TYPE/ID prints one')
    .option('--patient <mrn>', 'only of the patients with this identifier')
    .option('--tenant <id>', 'tenant (default: DEFAULT_TENANT)')
    .option('--json', 'one object with items')
    .addOption(dataOption())
    .action(get);
  return command;
}

async function get(reference: string, { data, patient, tenant, json }: Options): Promise<void> {
  const [type = '', id] = reference.split('/');
  if (!/^[A-Z][A-Za-z]+$/.test(type))
    throw new MedrelayError('NOT_A_TYPE', `"${type}" is not a FHIR resource type such as Patient.`);
  await withServices(data, async (services) => {
    const tenantId = tenant ?? services.config.defaultTenant;
    if (id !== undefined) {
      await auditRead(services, tenantId, [reference]);
      const resource = await services.fhir.getResource(tenantId, type, id);
      if (!resource) throw new MedrelayError('RESOURCE_NOT_FOUND', `There is no ${type} with this id.`);
      console.log(JSON.stringify(resource, null, 2));
      return;
    }
    const found = await services.fhir.searchResources(tenantId, {
      type,
      ...(patient !== undefined && { patientMrn: patient }),
    });
    // The event names whose records were listed: one entity for each, in pages that fit an event.
    for (let i = 0; i < found.length; i += 100)
      await auditRead(
        services,
        tenantId,
        found.slice(i, i + 100).map((resource) => `${type}/${resource.id}`),
      );
    printList(found, json, (resource) => ({
      id: resource.id,
      version: resource.meta?.versionId,
      updated: resource.meta?.lastUpdated,
      summary: summaryOf(resource),
    }));
  });
}

/** A hint of which is which: name, code or status; `fhir get TYPE/ID` has it all. */
function summaryOf(resource: object): string {
  const { name, code, status, vaccineCode } = resource as {
    name?: string | readonly { text?: string; family?: string; given?: readonly string[] }[];
    code?: Coded;
    vaccineCode?: Coded;
    status?: string;
  };
  const title =
    typeof name === 'string'
      ? name
      : name?.map((part) => part.text ?? [...(part.given ?? []), part.family].filter(Boolean).join(' '))[0];
  const coded = code ?? vaccineCode;
  return [title ?? coded?.text ?? coded?.coding?.[0]?.display ?? coded?.coding?.[0]?.code, status]
    .filter(Boolean)
    .join(' · ');
}

interface Coded {
  readonly text?: string;
  readonly coding?: readonly { readonly display?: string; readonly code?: string }[];
}
