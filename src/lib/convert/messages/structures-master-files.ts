import { grammar, type Structure } from './grammar';

/* Chapter 8 of the standard. */

export const MFN_M02: Structure = grammar(
  'MFN_M02',
  'MSH SFT* UAC? MFI MF_STAFF*( MFE STF PRA* ORG* AFF* LAN* EDU* CER* NTE* )',
);

export const MFN_M05: Structure = grammar(
  'MFN_M05',
  `MSH SFT* UAC? MFI
  MF_LOCATION*( MFE LOC LCH* LRL* MF_LOC_DEPT*( LDP LCH* LCC* ) )`,
);
