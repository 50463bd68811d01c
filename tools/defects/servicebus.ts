import type { DefectList } from './defect';

export const servicebus: DefectList = {
  tests: ['test/unit/servicebus/', 'test/integration/servicebus/'],
  defects: [
    {
      file: 'local/servicebus/sas.ts',
      find: 'if (!(Number(expiry) * 1000 > nowMs))',
      replace: 'if (!(Number(expiry) > nowMs))',
      why: 'every token counts as expired',
      tests: 'servicebus/sdk',
    },
  ],
};
