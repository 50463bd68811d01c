// Estimates after the documentation: a point read of 1 KB is 1 RU and of 100 KB about 10 RU, a write of 1 KB about 5 RU
// and of 100 KB about 50 RU, an update about twice a create (the old index entries go as well), a delete like a create.
// Fewer indexed properties make a write cheaper. Good for seeing which request is dear, not for a capacity plan.
// https://learn.microsoft.com/azure/cosmos-db/request-units and .../key-value-store-cost

const kilobytes = (bytes: number) => Math.max(0, bytes / 1024 - 1);
const round = (charge: number) => Math.round(charge * 100) / 100;

export const readCharge = (bytes: number) => round(1 + 0.09 * kilobytes(bytes));

/** `terms`: indexed values of the document. */
export function writeCharge(bytes: number, terms: number, isUpdate = false): number {
  const stored = 4 + 0.45 * kilobytes(bytes);
  return round(stored + (isUpdate ? 2 : 1) * (0.2 * Math.min(terms, 200)) + (isUpdate ? stored : 0));
}

/** Each physical partition that is asked costs by itself. */
export const queryCharge = (evaluated: number, bytes: number) =>
  round(2.3 + 0.02 * evaluated + 0.03 * kilobytes(bytes));
