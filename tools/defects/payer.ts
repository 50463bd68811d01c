import type { DefectList } from './defect';

const index = 'local/payer/index.ts';
const eligibility = 'local/payer/eligibility.ts';
const script = 'local/payer/script.ts';
const x12 = 'local/payer/x12.ts';

export const payer: DefectList = {
  tests: ['test/integration/payer/'],
  defects: [
    {
      file: eligibility,
      find: 'sender: inquiry.receiver,',
      replace: 'sender: inquiry.sender,',
      why: 'an answer comes from who has asked',
    },
    {
      file: eligibility,
      find: "['TRN', '2', ...trace.slice(2)]",
      replace: "['TRN', '1', ...trace.slice(2)]",
      why: 'a trace is not marked as that of another',
    },
    {
      file: eligibility,
      find: "['BHT', '0022', '11', reference, day, clock]",
      replace: "['BHT', '0022', '11', '', day, clock]",
      why: 'the reference of the request is lost',
    },
    { file: eligibility, find: "'AAA', 'Y'", replace: "'AAA', 'N'", why: 'a payer that is away says no' },
    {
      file: eligibility,
      find: "'75', 'C'",
      replace: "'72', 'C'",
      why: 'an unknown member has an invalid id',
    },
    {
      file: eligibility,
      find: "...(answer === 'notFound' ? [] : benefits",
      replace: '...(false ? [] : benefits',
      why: 'an unknown member has benefits',
    },
    { file: eligibility, find: "['EB', '6', 'IND'", replace: "['EB', '1', 'IND'", why: 'inactive is active' },
    {
      file: eligibility,
      find: "const types = serviceTypes.join('^');",
      replace: "const types = serviceTypes[0] ?? '';",
      why: 'the first service type alone is answered',
    },
    {
      file: eligibility,
      find: '(serviceDate || day)',
      replace: 'day',
      why: 'the plan is that of today, not of the day of service',
    },
    {
      file: eligibility,
      find: "...(answer !== 'notFound' && demographics ? [demographics] : []),",
      replace: '',
      why: 'birth date and sex are not repeated',
    },
    {
      file: eligibility,
      find: 'if (st[3] !== VERSION)',
      replace: 'if (false)',
      why: 'another version of 270 is answered',
    },
    { file: eligibility, find: 'if (!found)', replace: 'if (false)', why: 'a missing segment is no refusal' },
    {
      file: eligibility,
      find: 'split(repetition)',
      replace: "split('^')",
      why: 'another repetition separator is not known',
    },
    {
      file: x12,
      find: '[text.charAt(3), text.charAt(104), text.charAt(105)]',
      replace: "['*', text.charAt(104), text.charAt(105)]",
      why: 'another element separator is not known',
    },
    {
      file: x12,
      find: 'text.charAt(104), text.charAt(105)]',
      replace: "text.charAt(104), '~']",
      why: 'another segment terminator is not known',
    },
    {
      file: x12,
      find: 'if (Number(closing[1]) !== expected) {',
      replace: 'if (false) {',
      why: 'segments are not counted',
    },
    {
      file: x12,
      find: 'if (opening[control] !== closing[2])',
      replace: 'if (false)',
      why: 'control numbers are not compared',
    },
    {
      file: x12,
      find: 'starts.length !== 1 || ends.length !== 1 || ',
      replace: '',
      why: 'of several transaction sets the first alone is answered',
    },
    { file: x12, find: 'body.length + 2', replace: 'body.length + 1', why: 'SE counts one segment too few' },
    {
      file: x12,
      find: "value.replace(/[~*:^\\r\\n]/g, ' ')",
      replace: 'value',
      why: 'a delimiter within a value breaks the answer',
    },
    {
      file: script,
      find: 'this.#rules.find((each) => each.memberId === memberId) ??',
      replace: '',
      why: 'rules for a member are passed over',
    },
    {
      file: script,
      find: 'this.#rules.find((each) => each.memberId === undefined)',
      replace: 'this.#rules[0]',
      why: 'a rule for one member is for all',
    },
    { file: script, find: 'if (rule.times === 0)', replace: 'if (false)', why: 'a rule is never used up' },
    {
      file: script,
      find: 'if (unknown !== undefined)',
      replace: 'if (false)',
      why: 'a rule with a misspelt name is taken',
    },
    { file: script, find: 'if (!known) throw', replace: 'if (false) throw', why: 'any answer is taken' },
    {
      file: index,
      find: "if (answer === 'timeout') return;",
      replace: '',
      why: 'a payer that was to be silent answers',
    },
    {
      file: index,
      find: "if (answer === '503') return",
      replace: 'if (false) return',
      why: 'a payer that was to be away answers',
    },
    {
      file: index,
      find: "whole.slice(0, whole.lastIndexOf('EB*'))",
      replace: 'whole',
      why: 'an answer that was to be malformed is not',
    },
    {
      file: index,
      find: "record(body, undefined, 'refused', error.message);",
      replace: '',
      why: 'a refused request leaves no record',
    },
    {
      file: index,
      find: "|| request.url !== '/x12'",
      replace: '',
      why: 'every path takes inquiries',
    },
  ],
};
