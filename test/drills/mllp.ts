import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { progress } from '../../cli/terminal';
import { readStack } from '../../local';
import type { MessageDocument } from '../../src/lib/ingest';
import { FrameDecoder } from '../../src/lib/mllp/frames';
import type { Services } from '../../src/lib/services';
import { drillMessage } from '../support/messages';
import type { Check, Drill } from './drill';
import { peekAll } from './queues';
import { untilSettled } from './settled';

const connections = 20;
/** A sender that hears nothing for so long connects anew. */
const patienceMs = 60_000;
const pauseMs = 250;
const hangLimitMs = 120_000;

/** What the senders were told. A message is known by its index. */
interface Told {
  answered: number;
  readonly accepted: Set<number>;
  readonly refused: Set<number>;
  /** Sends that were answered with AE, or not at all. */
  readonly failures: number[];
  /** Answers that name another message. */
  misdirected: number;
}

/** Every 50th message has no patient and is rejected behind the queue, every 100th is refused at the door. */
const isRefused = (index: number): boolean => index % 100 === 3;
const isRejected = (index: number): boolean => index % 50 === 7;
/** Half of the senders send again what failed, the others give it up. */
const isPersistent = (index: number): boolean => index % 2 === 0;

function messageOf(index: number): string {
  const text = drillMessage(index).toString();
  if (isRefused(index)) return text.replace('|P|2.5.1', '|P|7.1');
  return isRejected(index) ? text.replace(/\rPID[^\r]*/, '') : text;
}

/** The relay as its users run it, 20 senders, and a Service Bus that hangs and later is killed. */
export async function mllpDrill(drill: Drill, messages: number): Promise<Check[]> {
  const { dataDir, say } = drill;
  const relay = await startRelay(dataDir);
  say(`relay on port ${relay.port}`);
  const told: Told = { answered: 0, accepted: new Set(), refused: new Set(), failures: [], misdirected: 0 };
  const bar = progress('Answered', messages);
  const senders = Array.from({ length: connections }, async (_, first) => {
    for (let index = first; index < messages; index += connections) {
      await sendUntilAnswered(relay.port, first, index, told);
      bar.at(++told.answered);
    }
  });
  const killed = troubleBroker(drill, told, messages);
  // Whatever fails first ends the drill.
  await Promise.all([...senders, killed]);
  bar.end();
  conversations.forEach(({ socket }) => socket.destroy());
  const exitCode = await relay.stop();
  say(`${messages} messages sent, ${told.accepted.size} got AA, ${told.failures.length} sends failed`);
  await untilSettled(drill, told.accepted.size);
  return [
    { check: 'Service Bus killed', expected: 1, found: await killed },
    { check: 'exit code of the relay', expected: 0, found: exitCode },
    ...(await checkMessages(drill.services, told, messages)),
  ];
}

async function startRelay(dataDir: string) {
  const cli = resolve(__dirname, '..', 'cli.js');
  const child = spawn(process.execPath, [cli, 'mllp', '--port', '0', '--data', dataDir]);
  const log = createWriteStream(join(dataDir, 'relay.log'));
  child.stderr.pipe(log);
  process.once('exit', () => child.kill());
  const exited = once(child, 'exit');
  let text = '';
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    const port = /127\.0\.0\.1:(\d+)/.exec(text)?.[1];
    if (port === undefined) continue;
    child.stdout.pipe(log);
    return {
      port: Number(port),
      async stop(): Promise<number> {
        child.kill('SIGINT');
        const [code] = (await exited) as [number | null];
        return code ?? -1;
      },
    };
  }
  throw new Error('The relay ended before it listened.');
}

/** First it hangs, until senders are told to send again, and goes on: what was on its way then arrives late. */
async function troubleBroker({ dataDir, say }: Drill, told: Told, messages: number): Promise<number> {
  while (told.answered < messages / 3) await delay(20);
  const hanging = await brokerPid(dataDir);
  const resume = () => process.kill(hanging, 'SIGCONT');
  process.once('exit', resume);
  process.kill(hanging, 'SIGSTOP');
  say(`Service Bus (process ${hanging}) hangs after ${told.answered} messages`);
  for (const limit = Date.now() + hangLimitMs; told.failures.length < connections && Date.now() < limit;)
    await delay(100);
  process.off('exit', resume);
  resume();
  say(`Service Bus goes on; ${told.failures.length} sends have failed`);

  while (told.answered < (messages * 2) / 3) await delay(20);
  const pid = await brokerPid(dataDir);
  process.kill(pid, 'SIGKILL');
  say(`Service Bus (process ${pid}) killed after ${told.answered} messages`);
  return 1;
}

async function brokerPid(dataDir: string): Promise<number> {
  const stack = await readStack(dataDir);
  if (!stack) throw new Error('The stack is gone.');
  return stack.serviceBus.pid;
}

async function sendUntilAnswered(port: number, sender: number, index: number, told: Told): Promise<void> {
  for (;;) {
    const answer = await ask(port, sender, messageOf(index));
    const [, code, id] = /\rMSA\|(\w\w)\|([^|\r]*)/.exec(answer ?? '') ?? [];
    if (answer !== undefined && id !== `DRILL${index}`) told.misdirected += 1;
    if (code === 'AA') told.accepted.add(index);
    else if (code === 'AR') told.refused.add(index);
    else told.failures.push(index);
    if (code === 'AA' || code === 'AR' || !isPersistent(index)) return;
    await delay(pauseMs);
  }
}

interface Conversation {
  readonly socket: Socket;
  readonly decoder: FrameDecoder;
}
const conversations = new Map<number, Conversation>();

/** The sender's message out, the answer back; undefined where the connection breaks or says nothing. */
async function ask(port: number, sender: number, message: string): Promise<string | undefined> {
  const conversation = conversations.get(sender) ?? {
    socket: connect({ port, host: '127.0.0.1' }).on('error', () => undefined),
    decoder: new FrameDecoder(1_000_000),
  };
  conversations.set(sender, conversation);
  const { socket, decoder } = conversation;
  return new Promise((resolve) => {
    const end = (answer?: string): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose);
      if (answer === undefined) {
        conversations.delete(sender);
        socket.destroy();
      }
      resolve(answer);
    };
    const onData = (chunk: Buffer): void => {
      for (const event of decoder.push(chunk)) {
        if (event.kind === 'frame') end(Buffer.from(event.bytes).toString());
      }
    };
    const onClose = (): void => end();
    const timer = setTimeout(end, patienceMs);
    socket.on('data', onData).on('close', onClose);
    if (socket.destroyed) end();
    else socket.write(`\x0b${message}\x1c\r`);
  });
}

type Row = Pick<MessageDocument, 'id' | 'status' | 'controlId'>;

async function checkMessages(services: Services, told: Told, messages: number): Promise<Check[]> {
  const container = await services.azure.container('clinical/messages');
  const query = container.items.query<Row>('SELECT c.id, c.status, c.controlId FROM c', {
    maxItemCount: 1000,
  });
  const rows = (await query.fetchAll()).resources;
  const statusOf = new Map<number, string[]>();
  for (const { status, controlId = '' } of rows) {
    const index = Number(controlId.slice('DRILL'.length));
    statusOf.set(index, [...(statusOf.get(index) ?? []), status]);
  }
  const ends = (index: number): string[] =>
    (statusOf.get(index) ?? []).filter((status) => status === 'done' || status === 'rejected');
  const all = Array.from({ length: messages }, (_, index) => index);
  const accepted = all.filter((index) => told.accepted.has(index));
  const silent = all.filter((index) => !told.accepted.has(index) && !told.refused.has(index));
  const count = (status: string): number => rows.filter((row) => row.status === status).length;
  return [
    { check: 'messages sent', found: messages },
    { check: 'messages that got AA', found: accepted.length },
    {
      check: '... done or rejected exactly once',
      expected: accepted.length,
      found: accepted.filter((index) => ends(index).length === 1).length,
    },
    {
      check: '... rejected that have no patient',
      expected: accepted.filter(isRejected).length,
      found: accepted.filter((index) => isRejected(index) && ends(index)[0] === 'rejected').length,
    },
    {
      check: '... done of the others',
      expected: accepted.filter((index) => !isRejected(index)).length,
      found: accepted.filter((index) => !isRejected(index) && ends(index)[0] === 'done').length,
    },
    {
      check: 'messages that got AR at the door',
      expected: all.filter(isRefused).length,
      found: told.refused.size,
    },
    {
      check: '... that have a document all the same',
      expected: 0,
      found: [...told.refused].filter((index) => statusOf.has(index)).length,
    },
    { check: 'answers that name another message', expected: 0, found: told.misdirected },
    { check: 'sends answered with AE or not at all', found: told.failures.length },
    { check: 'messages given up without AA', found: silent.length },
    {
      check: '... done or rejected all the same (at least once)',
      found: silent.filter((index) => ends(index).length === 1).length,
    },
    {
      check: '... twice',
      expected: 0,
      found: silent.filter((index) => ends(index).length > 1).length,
    },
    { check: 'documents of duplicates', found: count('duplicate') },
    {
      check: '... beyond the failed sends',
      expected: 0,
      found: Math.max(0, count('duplicate') - told.failures.length),
    },
    {
      check: 'any other message document',
      expected: 0,
      found: rows.length - count('done') - count('rejected') - count('duplicate'),
    },
    {
      check: 'left in hl7-messages',
      expected: 0,
      found: (await peekAll(services, { queue: 'hl7-messages' })).length,
    },
    {
      check: 'dead letters of hl7-messages',
      expected: 0,
      found: (await peekAll(services, { queue: 'hl7-messages', isDeadLetter: true })).length,
    },
  ];
}
