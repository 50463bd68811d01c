import { messageOf } from './errors';

/** A client tells what is wrong at every try; the console needs it once a minute. */
const REPEAT_LOG_MS = 60_000;

export function throttled(log: (line: string) => void, prefix: string): (error: unknown) => void {
  let last = '';
  let at = 0;
  return (error) => {
    const text = messageOf(error);
    if (text === last && Date.now() - at < REPEAT_LOG_MS) return;
    [last, at] = [text, Date.now()];
    log(`${prefix}: ${text}`);
  };
}
