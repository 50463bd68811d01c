import type { Socket } from 'node:net';
import { FrameDecoder, frameOf } from './frames';
import type { Counts, Intake } from './ports';
import { takeMessage } from './take';

export interface ConnectionLimits {
  readonly maxFrameBytes: number;
  /** Without a byte between two frames: interfaces are quiet at night, but a peer that is gone must not stay. */
  readonly idleMilliseconds: number;
  /** Without a byte inside a frame. */
  readonly stalledMilliseconds: number;
}

/** Keep-alives of odd senders pass; a browser or a scanner does not. */
const toleratedOutside = 256;

/**
 * One sender's connection until it ends. Frames are taken one after another and the next bytes are read when the
 * answer is written, so that answers are in order, a batch of one sender stays in order, and TCP holds back a sender
 * that is faster than the broker.
 */
export async function converse(
  socket: Socket,
  intake: Intake,
  limits: ConnectionLimits,
  counts: Counts,
  stopped: AbortSignal,
  log: (line: string) => void,
): Promise<void> {
  const decoder = new FrameDecoder(limits.maxFrameBytes);
  let isBusy = false;
  let outside = 0;
  let isClosed = false;
  const closeUnlessBusy = (reason?: string): void => {
    if (isBusy || isClosed) return;
    isClosed = true;
    if (reason !== undefined) log(`closed: ${reason}`);
    socket.destroySoon();
  };
  const onStop = (): void => closeUnlessBusy();
  stopped.addEventListener('abort', onStop);
  socket.on('timeout', () =>
    closeUnlessBusy(decoder.isMidFrame ? 'nothing came for too long inside a frame' : 'idle'),
  );
  socket.setTimeout(limits.idleMilliseconds);
  try {
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      isBusy = true;
      for (const event of decoder.push(chunk as Buffer)) {
        if (event.kind === 'outside') {
          outside += event.length;
          if (outside <= toleratedOutside) continue;
          log(
            'closed: the bytes are not MLLP (a message begins with VT, 0x0B, and ends with FS CR, 0x1C 0x0D)',
          );
          return;
        }
        const ack = await takeMessage(event, intake, counts, stopped, log);
        if (ack !== '') await written(socket, frameOf(ack));
        if (stopped.aborted) return;
      }
      isBusy = false;
      socket.setTimeout(decoder.isMidFrame ? limits.stalledMilliseconds : limits.idleMilliseconds);
    }
    if (decoder.isMidFrame) log('the sender closed the connection inside a frame; it was not queued');
  } catch (error) {
    if (!isClosed) log(`the connection broke: ${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}`);
  } finally {
    stopped.removeEventListener('abort', onStop);
    socket.destroySoon();
  }
}

/** Resolves when the kernel has it, or the connection is gone: then the sender will send again. */
const written = (socket: Socket, bytes: Buffer): Promise<void> =>
  new Promise((resolve) => socket.write(bytes, () => resolve()));
