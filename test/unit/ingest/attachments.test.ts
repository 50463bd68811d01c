import { createHash } from 'node:crypto';
import type { Bundle, DiagnosticReport } from 'fhir/r4';
import { attachmentReference, storeAttachments } from '../../../src/lib/ingest/attachments';
import { processBody } from '../../../src/lib/ingest/process-body';
import { MemoryWorld } from './memory-ports';
import { delivery, oru } from './messages';

const pdf = Buffer.alloc(300_000, 'scan');
const report = (data: string): Bundle => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: [
    {
      resource: {
        resourceType: 'DiagnosticReport',
        status: 'final',
        code: {},
        presentedForm: [{ contentType: 'application/pdf', data }],
      },
    },
  ],
});

test('a large attachment goes to the vault, a small one and sampled data stay', async () => {
  const { raw } = new MemoryWorld().ports();
  const bundle = await storeAttachments(
    report(pdf.toString('base64')),
    'demo',
    '2026-11-20T00:00:00.000Z',
    raw,
  );
  const [form] = (bundle.entry?.[0]?.resource as DiagnosticReport).presentedForm ?? [];
  expect(form).toEqual({
    contentType: 'application/pdf',
    data: undefined,
    url: expect.stringMatching(/^urn:medrelay:blob:demo\//) as string,
    size: pdf.length,
    hash: createHash('sha1').update(pdf).digest('base64'),
  });
  const reference = attachmentReference(form?.url ?? '');
  expect(reference && (await raw.get('demo', reference))).toEqual(Uint8Array.from(pdf));

  const small = report('QUJD');
  expect(await storeAttachments(small, 'demo', '', raw)).toBe(small);
  const sampled = { resourceType: 'Bundle', entry: [{ data: '1 '.repeat(50_000), origin: { value: 0 } }] };
  expect(await storeAttachments(sampled as unknown as Bundle, 'demo', '', raw)).toBe(sampled);
  expect(attachmentReference('https://example.org/x')).toBeUndefined();
});

test('a message of several megabytes with an embedded document is stored', async () => {
  const world = new MemoryWorld();
  const data = Buffer.alloc(4_000_000, 'scan').toString('base64');
  const text = oru().replace(/OBX\|1[^\r]*/, `OBX|1|ED|PDF^Report^L||^application^pdf^Base64^${data}||||||F`);
  await processBody(Buffer.from(text), delivery('d1'), world.ports());
  expect(world.statuses()).toEqual(['done']);
  expect(world.blobs.size).toBe(2);
  expect(JSON.stringify(world.container.snapshot()).length).toBeLessThan(100_000);
});
