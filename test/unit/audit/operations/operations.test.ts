import { auditClinicalWorkflow, auditedFhirOperation, type AuditEventInput } from '../../../../src/lib/audit';
import { dataEntity, patientEntity, systems } from '../../../../src/lib/audit/codes';
import { auditEventsOf, balpUrl } from '../../../../src/lib/audit/fhir';
import { MedrelayError } from '../../../../src/lib/errors';
import { validateResource } from '../../../../src/lib/fhir';
import { stored } from '../fhir/stored';

/** The first `good` records succeed. */
function recorder(good = Infinity) {
  const events: AuditEventInput[] = [];
  const record = async (event: AuditEventInput) => {
    if (events.length >= good) throw new Error('away');
    events.push(event);
    return { id: '', leafHash: '', state: 'persisted' as const, sealedBy: '', duplicate: false };
  };
  const steps = (): string[] =>
    events.map(({ workflow, outcome, outcomeCode = '' }) =>
      `${workflow?.step} ${outcome} ${outcomeCode}`.trim(),
    );
  return { audit: { record }, events, steps };
}

const operation = {
  tenantId: 'north',
  source: 'test',
  interaction: 'read' as const,
  parties: { client: { who: 'client/a', network: 'a' }, server: { who: 'medrelay/test', network: 'b' } },
  entities: [dataEntity('Observation/1')],
};
const about = [{ entities: [dataEntity('Observation/1'), patientEntity('Patient/p')], subject: 'Patient/p' }];
const canary = new Error('CANARY Muster');

test('an operation is an attempt and a success under one id; the success is what BALP calls a read', async () => {
  const { audit, events, steps } = recorder();
  expect(await auditedFhirOperation(audit, operation, async () => ({ result: 7, about }))).toBe(7);
  expect(steps()).toEqual(['attempt 0', 'success 0']);
  expect(new Set(events.map(({ workflow }) => workflow?.id)).size).toBe(1);
  const [attempt, success] = await Promise.all(
    events.map(async (each) => auditEventsOf(await stored(each))[0]),
  );
  expect([attempt?.meta?.profile, success?.meta?.profile]).toEqual([undefined, [balpUrl('PatientRead')]]);
  expect([attempt, success].flatMap((each) => validateResource(each))).toEqual([]);
});

test('a failure is told by its code', async () => {
  for (const [error, code] of [
    [canary, 'INTERNAL'],
    [new MedrelayError('STORE_CONTENTION', 'x', canary), 'STORE_CONTENTION'],
  ] as const) {
    const { audit, events, steps } = recorder();
    await expect(auditedFhirOperation(audit, operation, () => Promise.reject(error))).rejects.toBe(error);
    expect(steps()).toEqual(['attempt 0', `failure 8 ${code}`]);
    expect(JSON.stringify(events)).not.toMatch(/CANARY|Muster/);
  }
});

test('what is not there is a failure that throws nothing', async () => {
  const { audit, steps } = recorder();
  const work = async () => ({ result: undefined, refusal: 'RESOURCE_NOT_FOUND' });
  expect(await auditedFhirOperation(audit, operation, work)).toBeUndefined();
  expect(steps()).toEqual(['attempt 0', 'failure 4 RESOURCE_NOT_FOUND']);
});

test('nothing is touched that could not be recorded, and no result is given', async () => {
  const work = jest.fn(async () => ({ result: 1 }));
  await expect(auditedFhirOperation(recorder(0).audit, operation, work)).rejects.toThrow('away');
  expect(work).not.toHaveBeenCalled();
  await expect(auditedFhirOperation(recorder(1).audit, operation, work)).rejects.toThrow('away');
  expect(work).toHaveBeenCalled();
  await expect(auditedFhirOperation(recorder(1).audit, operation, () => Promise.reject(canary))).rejects.toBe(
    canary,
  );
});

const workflow = {
  tenantId: 'north',
  source: 'test',
  name: 'critical-result',
  agent: { who: 'medrelay/test' },
  entities: [patientEntity('Patient/p')],
};
const nurse = { system: systems.own, code: 'nurse' };

test('a workflow is started, each step with its role, and completed, all under one id', async () => {
  const { audit, events, steps } = recorder();
  const result = await auditClinicalWorkflow(audit, workflow, async (step) => {
    await step('notify', nurse, async () => 1);
    return step('acknowledge', nurse, async () => 2);
  });
  expect(result).toBe(2);
  expect(steps()).toEqual(['started 0', 'notify.completed 0', 'acknowledge.completed 0', 'completed 0']);
  expect(events.map(({ agents }) => agents[0]?.role?.code)).toEqual([undefined, 'nurse', 'nurse', undefined]);
  expect(new Set(events.map(({ workflow: each }) => each?.id)).size).toBe(1);
  expect(new Set(events.map(({ sourceKey }) => sourceKey)).size).toBe(4);
  expect(events.slice(1).every(({ ext }) => Number(ext?.['durationMs']) >= 0)).toBe(true);
  for (const each of events)
    expect(auditEventsOf(await stored(each)).flatMap((one) => validateResource(one))).toEqual([]);
});

test('a failed step fails the workflow, by its code', async () => {
  const { audit, events, steps } = recorder();
  const run = auditClinicalWorkflow(audit, { ...workflow, id: 'w-1' }, (step) =>
    step('notify', nurse, () => Promise.reject(canary)),
  );
  await expect(run).rejects.toBe(canary);
  expect(steps()).toEqual(['started 0', 'notify.failed 8 INTERNAL', 'failed 8 INTERNAL']);
  expect(events[0]?.workflow?.id).toBe('w-1');
  expect(JSON.stringify(events)).not.toContain('CANARY');
});
