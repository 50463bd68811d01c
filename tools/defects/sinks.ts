import type { DefectList } from './defect';

const index = 'local/sinks/index.ts';
const mail = 'local/sinks/mail.ts';
const recorder = 'local/sinks/recorder.ts';
const script = 'local/sinks/script.ts';
const sms = 'local/sinks/sms.ts';

/** Mail, text messages, webhooks, and the view of what was received. */
export const sinks: DefectList = {
  tests: ['test/unit/sinks/', 'test/integration/sinks/'],
  defects: [
    {
      file: index,
      find: 'return length > BODY_LIMIT ? undefined : ',
      replace: 'return ',
      why: 'a body that is too large is taken, cut',
    },
    {
      file: index,
      find: "if (!url.includes('api-version=')) {",
      replace: 'if (false) {',
      why: 'a text message without the version of the API is taken',
    },
    {
      file: index,
      find: 'if (!isSmsSigned(url, request.headers, body)) {',
      replace: 'if (false) {',
      why: 'a text message of anybody is taken',
    },
    {
      file: index,
      find: 'if (rule?.drop) return void request.socket.destroy();',
      replace: '',
      why: 'a connection that was to be cut gets its answer',
    },
    {
      file: index,
      find: 'if (rule?.delayMs) await',
      replace: 'if (false) await',
      why: 'an answer that was to be late is not',
    },
    {
      file: index,
      find: "rule?.drop ? 'dropped' : status",
      replace: 'status',
      why: 'a cut connection is recorded as an answer',
    },
    {
      file: index,
      find: ".join(', ') : path,",
      replace: ".join(', ') : url,",
      why: 'the recipient of a webhook has the query in its path',
    },
    {
      file: index,
      find: 'rule?.status ?? answer.status',
      replace: 'answer.status',
      why: 'a scripted status is not answered',
    },
    {
      file: index,
      find: 'rule?.status ? {} : answer.body, rule?.headers)',
      replace: 'rule?.status ? {} : answer.body)',
      why: 'scripted headers are not sent',
    },
    {
      file: script,
      find: 'path.startsWith(each.path)',
      replace: 'path === each.path',
      why: 'a rule is for its very path alone',
    },
    { file: script, find: 'rule.times -= 1;', replace: '', why: 'a rule is never used up' },
    {
      file: script,
      find: 'if (typeof value !== type)',
      replace: 'if (false)',
      why: 'a rule may have a status that is text',
    },
    {
      file: script,
      find: 'made.times !== undefined && !(made.times >= 1)',
      replace: 'false',
      why: 'a rule for no answer at all is taken',
    },
    {
      file: script,
      find: "if (typeof made.path !== 'string')",
      replace: 'if (false)',
      why: 'a rule without a path is taken',
    },
    {
      file: sms,
      find: 'isValid: NUMBER.test(String(to))',
      replace: 'isValid: true',
      why: 'any number can be sent to',
    },
    {
      file: sms,
      find: "headers['x-ms-content-sha256'] === hash &&",
      replace: '',
      why: 'the hash of the body is not looked at',
    },
    {
      file: sms,
      find: 'timingSafeEqual(given, expected)',
      replace: 'true',
      why: 'any signature of the right length is good',
    },
    {
      file: sms,
      find: 'if (smsRecipients.length === 0) return undefined;',
      replace: '',
      why: 'a text message to nobody is taken',
    },
    {
      file: 'local/sinks/smtp.ts',
      find: '(rule?.status ?? 250)',
      replace: '250',
      why: 'mail is never refused',
    },
    {
      file: mail,
      find: ".replace(/\\?=\\s+=\\?/g, '?==?')",
      replace: '',
      why: 'a long subject has spaces where it was folded',
    },
    {
      file: mail,
      find: "quotedPrintable(text.replaceAll('_', ' '))",
      replace: 'quotedPrintable(text)',
      why: 'a subject has underscores for its spaces',
    },
    {
      file: mail,
      find: 'ofType(/^text\\/plain/i) ??',
      replace: '',
      why: 'HTML that comes first is the text',
    },
    {
      file: mail,
      find: "quotedPrintable(body.replace(/=\\r?\\n/g, ''))",
      replace: 'quotedPrintable(body)',
      why: 'long lines stay folded',
    },
    {
      file: mail,
      find: 'new TextDecoder(charset)',
      replace: "new TextDecoder('utf-8')",
      why: 'every mail is read as UTF-8',
    },
    { file: recorder, find: 'OFFSET ${KEPT}', replace: 'OFFSET 900', why: 'too little is kept' },
    {
      file: recorder,
      find: 'DELETE FROM received WHERE kind = ? AND seq <=',
      replace: "DELETE FROM received WHERE ? <> '' AND seq <=",
      why: 'much of one kind drives out the others',
    },
    {
      file: recorder,
      find: 'body.length > BODY_LIMIT',
      replace: 'false',
      why: 'bodies of any size are kept',
    },
    {
      file: recorder,
      find: 'instr(recipient, ?2)',
      replace: 'true',
      why: 'the view is not limited to a recipient',
    },
    { file: recorder, find: 'AND seq > ?4', replace: 'AND seq >= ?4', why: 'what was seen is shown again' },
    {
      file: recorder,
      find: 'ORDER BY seq DESC LIMIT ?5',
      replace: 'ORDER BY seq LIMIT ?5',
      why: 'the oldest comes first',
    },
    {
      file: recorder,
      find: 'Math.min(limit ?? MOST, MOST)',
      replace: 'limit ?? 1_000_000',
      why: 'the view has no bound',
    },
    {
      file: 'local/sinks/view.ts',
      find: '|| request.headers.origin !== undefined',
      replace: '',
      why: 'pages of other sites read what was received',
    },
    {
      file: 'local/sinks/view.ts',
      find: "!LOOPBACK.test(request.headers.host ?? '') ||",
      replace: '',
      why: 'a foreign name that resolves to this machine opens the view',
    },
  ],
};
