import { processBody } from '../../../src/lib/ingest/process-body';
import { safeError } from '../../../src/lib/security';
import { MemoryWorld } from './memory-ports';
import { delivery } from './messages';

/** Every field that may hold a patient's data is marked; MSH-3..6 and MSH-10 are routing. */
const canary = 'CANARY';
const marked = (event: string, body: readonly string[], more = ''): string =>
  [`MSH|^~\\&|APP|FAC|MR|GEN|20261118082000-0500||${event}|ID${more}|P|2.5.1`, ...body, ''].join('\r');

const pid = `PID|1||${canary}1^^^${canary}2&1.2.3&ISO^MR||${canary}3^${canary}4||19610615|F|||${canary}5^^${canary}6|||||||${canary}7`;
const bodies: Record<string, string> = {
  admission: marked('ADT^A01^ADT_A01', [
    'EVN|A01|20261118082000-0500',
    pid,
    `PV1|1|I|${canary}8||||${canary}9^${canary}10|||||||||||||${canary}11^^^${canary}`,
  ]),
  result: marked(
    'ORU^R01^ORU_R01',
    [
      pid,
      `OBR|1|${canary}12|${canary}13|${canary}14^${canary}15^LN`,
      `OBX|1|ST|${canary}16^${canary}17^LN||${canary}18`,
      `NTE|1||${canary}19`,
    ],
    '2',
  ),
  'no patient id': marked('ADT^A01^ADT_A01', [`PID|1||||${canary}^${canary}`], '3'),
  'unknown event': marked('ADT^Z01', [pid], '4'),
  'no control id': `MSH|^~\\&|APP|FAC|MR|GEN|20261118||ADT^A01||P|2.5.1\r${pid}\r`,
  'not HL7': `${canary} ${pid}`,
  'another JSON': JSON.stringify({ patient: canary, messageId: canary }),
  'broken MSH': `MSH|${canary}`,
};

test.each(Object.entries(bodies))('%s: nothing marked leaves the clinical store', async (_name, body) => {
  const world = new MemoryWorld();
  await processBody(Buffer.from(body), delivery('d1'), world.ports());
  await processBody(Buffer.from(body.replaceAll(canary, `${canary}x`)), delivery('d2'), world.ports());
  const outside = {
    // Names, ids and partitions, which reach URLs and logs of the services.
    blobs: [...world.blobs.keys()],
    messages: world.documents(),
    resourceIds: world.container.all().map(({ id, pk }) => [id, pk]),
    rejected: [...world.rejected.values()],
    events: [...world.events.values()],
    audit: [...world.audit.values()],
  };
  expect(JSON.stringify(outside)).not.toContain(canary);
});

test('what the invocation throws or sends again for says nothing of the message', async () => {
  const world = new MemoryWorld();
  world.around = async (call, effect) => {
    if (call === 'resources.commit') throw new Error(`batch failed: ${canary}`);
    return effect();
  };
  const body = Buffer.from(bodies['result'] ?? '');
  const { retry } = await processBody(body, delivery('d1'), world.ports());
  expect(JSON.stringify([retry, world.queued[0]?.properties])).not.toContain(canary);
  expect(retry?.safeMessage).toContain('withheld');

  const last = delivery('d1', { unexplained: { times: 5, code: 'INTERNAL' } });
  const failure = await processBody(body, last, world.ports()).catch((error: unknown) => error);
  expect(failure).toMatchObject({ message: `batch failed: ${canary}` });
  // The trigger logs `safeError` of it, which withholds foreign text.
  expect(JSON.stringify(safeError(failure))).not.toContain(canary);
});
