import type { Money } from 'fhir/r4';
import type { FieldReader } from '../reader';
import { parseDecimal } from './nm';

/** ISO 4217, the currencies in use (R4 binds Money.currency to it). */
const codes =
  'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL';
const known = new Set(codes.split(' '));

/**
 * MO as component 1 of a CP (price^type, the amount's currency as its subcomponent). Some write the currency where the
 * price type belongs; a price type (HL7 table 0205) has two letters, so it cannot be mistaken for one.
 */
export function money(field: FieldReader | undefined): Money | undefined {
  const sent = field?.code(1);
  if (field === undefined || sent === undefined) return undefined;
  const decimal = parseDecimal(sent.replace(/^\$/, ''));
  if (decimal === undefined) return field.refuse('AMOUNT_INVALID', 'The amount is no number.');
  const currency = (field.code(1, 2) ?? field.code(2))?.toUpperCase();
  return currency !== undefined && known.has(currency)
    ? { value: decimal.value, currency }
    : { value: decimal.value };
}
