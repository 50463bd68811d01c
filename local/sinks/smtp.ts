import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { SMTPServer, SMTPServerSession } from 'smtp-server';
import { parseMail } from './mail';
import type { Recorder } from './recorder';
import type { Script } from './script';

const SIZE_LIMIT = 10 * 1024 * 1024;

/** Takes every mail, with or without a name and password, and delivers none. */
export async function smtpSink(recorder: Recorder, script: Script): Promise<SMTPServer> {
  // Loaded when it is needed: commands that only know of sinks stay quick.
  const { SMTPServer: Server } = await import('smtp-server');
  return new Server({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    size: SIZE_LIMIT,
    disableReverseLookup: true,
    onAuth: ({ username }, _, callback) => callback(null, { user: username ?? '' }),
    onData: (stream, session, callback) => {
      buffer(stream)
        .then((raw) => accept(raw, session, stream.sizeExceeded))
        .then(
          () => callback(null),
          (error: Error) => callback(error),
        );
    },
  });

  async function accept(raw: Buffer, session: SMTPServerSession, isTooLarge: boolean): Promise<void> {
    const { mailFrom, rcptTo } = session.envelope;
    const rule = script.take('smtp');
    if (rule?.delayMs) await delay(rule.delayMs);
    const status = isTooLarge ? 552 : (rule?.status ?? 250);
    const { subject, text } = parseMail(raw);
    recorder.add({
      kind: 'mail',
      ...(mailFrom ? { from: mailFrom.address } : {}),
      to: rcptTo.map(({ address }) => address).join(', '),
      title: subject,
      details: { answer: status, text },
      body: raw.toString('utf8'),
    });
    if (status >= 400) {
      const words = isTooLarge ? 'The mail is too large.' : (rule?.body ?? 'Refused by the script.');
      throw Object.assign(new Error(words), { responseCode: status });
    }
  }
}
