/** HL7 table 0017 (FT1-6): what is no charge. A credit, payment or adjustment changes a balance and bills nothing. */
export const notCharged: ReadonlySet<string> = new Set(['AJ', 'CD', 'CO', 'PY']);
