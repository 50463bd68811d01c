/**
 * Text messages in the shape of Azure Communication Services
 * (https://learn.microsoft.com/rest/api/communication/sms/sms/send), signed as its SDKs do
 * (https://learn.microsoft.com/rest/api/communication/authentication).
 */
import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Published here: it protects nothing. */
export const SMS_KEY = Buffer.from('medrelay-local-communication-services').toString('base64');

export interface Sms {
  from: string;
  message: string;
  recipients: { to: string; isValid: boolean }[];
}

/** E.164, which the service wants. */
const NUMBER = /^\+[1-9]\d{6,14}$/;

export function isSmsSigned(url: string, headers: IncomingHttpHeaders, body: string): boolean {
  const hash = createHash('sha256').update(body).digest('base64');
  const date = String(headers['x-ms-date'] ?? headers.date ?? '');
  const signed = `POST\n${url}\n${date};${headers.host ?? ''};${hash}`;
  const signature = createHmac('sha256', Buffer.from(SMS_KEY, 'base64')).update(signed).digest('base64');
  const given = Buffer.from(/^HMAC-SHA256 .*\bSignature=(\S+)$/.exec(headers.authorization ?? '')?.[1] ?? '');
  const expected = Buffer.from(signature);
  return (
    headers['x-ms-content-sha256'] === hash &&
    given.length === expected.length &&
    timingSafeEqual(given, expected)
  );
}

export function parseSms(body: string): Sms | undefined {
  try {
    const { from, message, smsRecipients } = JSON.parse(body) as {
      from?: unknown;
      message?: unknown;
      smsRecipients?: { to?: unknown }[];
    };
    if (typeof from !== 'string' || typeof message !== 'string' || !Array.isArray(smsRecipients))
      return undefined;
    if (smsRecipients.length === 0) return undefined;
    const recipients = smsRecipients.map(({ to }) => ({ to: String(to), isValid: NUMBER.test(String(to)) }));
    return { from, message, recipients };
  } catch {
    return undefined;
  }
}

/** 202, with an answer for each recipient. */
export const smsAnswer = ({ recipients }: Sms): object => ({
  value: recipients.map(({ to, isValid }) =>
    isValid
      ? {
          to,
          messageId: `Outgoing_${randomUUID()}`,
          httpStatusCode: 202,
          successful: true,
          repeatabilityResult: 'accepted',
        }
      : { to, httpStatusCode: 400, successful: false, errorMessage: 'Invalid To phone number format.' },
  ),
});
