import { createHash } from 'node:crypto';
import type { RejectionCode } from '../hl7';
import { mayBeJson } from './body';
import { failureKind } from './failures';
import { ackOf, batchAck, problemOf, receiveHttp, statusOf, type HttpAnswer } from './http';
import { messagesInStream, type Found } from './messages-in';
import type { IngestPorts } from './ports';
import { send } from './send';
import { isUtf16, longestGroup, markOf } from './send-stream';
import { beginning, readAll } from './streams';

/** The answer in pieces: that of a long batch is long itself. */
export interface StreamAnswer {
  readonly status: HttpAnswer['status'];
  readonly ack: readonly string[];
}

const lineEnd = Buffer.from('\r');

/**
 * `receiveHttp` for a body that arrives in pieces, so that its size does not matter: what does not fit a queue message
 * goes as several bodies of whole messages, each of them the acceptable ones in their order.
 */
export async function receiveHttpStream(
  source: AsyncIterable<Uint8Array>,
  tenantId: string | undefined,
  ports: IngestPorts,
): Promise<StreamAnswer> {
  const { head, isAll, all } = await beginning(source, ports.maxInlineBytes + 1);
  // JSON and UTF-16 mean something as a whole only; both are rare and small.
  if (isAll || mayBeJson(head) || isUtf16(head)) {
    const { status, ack } = await receiveHttp(await readAll(all), tenantId, ports);
    return { status, ack: ack === '' ? [] : [ack] };
  }
  const now = ports.clock.now();
  const mark = markOf(head);
  const limit = Math.min(longestGroup, ports.maxInlineBytes);
  const hash = createHash('sha256');
  const acks: string[] = [];
  const count = { all: 0, good: 0, queued: 0 };
  let first: Found | undefined;
  let isAway = false;
  let group: { readonly found: Found; readonly problem: RejectionCode | undefined }[] = [];
  let bytes = 0;

  const flush = async (): Promise<void> => {
    const good = group.flatMap(({ found, problem }) => (problem === undefined ? [found.raw.bytes] : []));
    count.good += good.length;
    try {
      if (good.length > 0 && !isAway) {
        const body = Buffer.concat([mark, ...good.flatMap((each) => [each, lineEnd])]);
        await send(body, tenantId === undefined ? {} : { tenant: tenantId }, ports);
        count.queued += good.length;
      }
    } catch (error) {
      if (failureKind(error) !== 'passing') throw error;
      // What comes after it could overtake what is sent again.
      isAway = true;
    }
    for (const { found, problem } of group) {
      const ack = ackOf(found, problem, !isAway, now);
      if (ack !== undefined) acks.push(detached(ack));
    }
    group = [];
    bytes = 0;
  };

  for await (const found of messagesInStream(hashed(all, hash))) {
    count.all += 1;
    first ??= found;
    const size = found.raw.bytes.length + lineEnd.length;
    if (mark.length + bytes + size > limit) await flush();
    group.push({ found, problem: problemOf(found, tenantId, ports) });
    bytes += size;
  }
  await flush();
  const status = statusOf({ good: count.good, isQueued: count.queued > 0, acks: acks.length });
  if (count.all === 1 || acks.length === 0) return { status, ack: acks };
  return { status, ack: batchAck(acks, first, hash.digest('hex').slice(0, 20), now) };
}

/** A text that was cut out of a longer one keeps the whole of it in memory; this one stands alone. */
const detached = (text: string): string => Buffer.from(text).toString();

async function* hashed(
  source: AsyncIterable<Uint8Array>,
  hash: { update(piece: Uint8Array): unknown },
): AsyncGenerator<Uint8Array, void> {
  for await (const piece of source) {
    hash.update(piece);
    yield piece;
  }
}
