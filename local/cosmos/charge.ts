// A rough estimate after the published examples (point read of 1 KB: 1 RU, of 100 KB: 10 RU; write of 1 KB:
// about 5.5 RU, of 100 KB: about 50 RU). Good for seeing which request is dear, not for a capacity plan.

const kilobytes = (bytes: number) => Math.max(0, bytes / 1024 - 1);

export const readCharge = (bytes: number) => round(1 + 0.09 * kilobytes(bytes));
export const writeCharge = (bytes: number) => round(5.5 + 0.45 * kilobytes(bytes));
export const queryCharge = (evaluated: number, bytes: number) =>
  round(2.3 + 0.02 * evaluated + 0.03 * kilobytes(bytes));

const round = (charge: number) => Math.round(charge * 100) / 100;
