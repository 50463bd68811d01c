/* Digits with an optional sign, point and exponent; HL7 NM has no exponent, but instruments send it. */
const number = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

export interface Decimal {
  readonly value: number;
  /** Digits after the point as sent, where a JSON number cannot show them (`1.10`). */
  readonly precision?: number;
}

/**
 * A decimal that survives JSON: a double holds 15 significant digits exactly, so a longer number is not one for us.
 * Signs, leading zeros and a bare point (`065.88`, `+4`, `.5`, `5.`) are notation, not value.
 */
export function parseDecimal(text: string): Decimal | undefined {
  const match = number.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent] = match;
  if (whole === '' && fraction === '') return undefined;
  if (`${whole}${fraction}`.replace(/^0+/, '').length > 15) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || (Object.is(value, -0) && sign === '-'))
    return zero(value, fraction, exponent);
  if (exponent === undefined && fraction.endsWith('0')) return { value, precision: fraction.length };
  return { value };
}

function zero(value: number, fraction: string, exponent: string | undefined): Decimal | undefined {
  if (!Number.isFinite(value)) return undefined;
  return exponent === undefined && fraction.endsWith('0')
    ? { value: 0, precision: fraction.length }
    : { value: 0 };
}

export function parsePositiveInt(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return undefined;
  const value = Number(text);
  return value > 0 ? value : undefined;
}
