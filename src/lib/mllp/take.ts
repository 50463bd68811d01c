import { setTimeout as delay } from 'node:timers/promises';
import { safeError } from '../security';
import type { FrameEvent } from './frames';
import type { Counts, Intake } from './ports';

const firstPause = 100;
const longestPause = 30_000;

type Message = Exclude<FrameEvent, { readonly kind: 'outside' }>;

/**
 * One frame to its answer, '' where the sender wants none (enhanced mode). Who wants none will not send again either,
 * so its message is tried until the broker has it, also one that will be refused: then people find it among the
 * rejected. Only a stop ends that.
 */
export async function takeMessage(
  message: Message,
  intake: Intake,
  counts: Counts,
  stopped: AbortSignal,
  log: (line: string) => void,
): Promise<string> {
  if (message.kind === 'oversized') {
    counts.refused += 1;
    log(`a frame of ${message.length} bytes is larger than allowed and was refused`);
    return intake.refuse(message.head, 'TOO_LARGE');
  }
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    const { status, ack } = await receive(message.bytes, intake, log);
    if (status !== 503) {
      counts[status === 400 ? 'refused' : 'queued'] += 1;
      return ack;
    }
    if (ack !== '') {
      counts.notTaken += 1;
      return ack;
    }
    if (stopped.aborted) {
      counts.notTaken += 1;
      log('a message whose sender wants no answer could not be queued before the stop');
      return '';
    }
    await delay(pause, undefined, { signal: stopped }).catch(() => undefined);
  }
}

async function receive(
  bytes: Uint8Array,
  intake: Intake,
  log: (line: string) => void,
): Promise<{ readonly status: number; readonly ack: string }> {
  try {
    const answer = await intake.receive(bytes);
    if (answer.status === 400 && answer.ack === '') await intake.enqueue(bytes);
    return answer;
  } catch (error) {
    const { code, safeMessage } = safeError(error);
    log(`a message could not be queued: ${code}: ${safeMessage}`);
    return { status: 503, ack: intake.refuse(bytes, 'NOT_TAKEN') };
  }
}
