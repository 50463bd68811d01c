import { identity } from '../identity/service';
import { keyVault } from '../keyvault/service';
import { page } from '../page/service';
import { payer } from '../payer/service';
import { sinks } from '../sinks/service';
import { storageTls } from '../storage-tls/service';
import { worm } from '../worm/service';
import type { Service } from './service';

/** In the order of their start. */
export const services: readonly Service[] = [identity, keyVault, worm, storageTls, sinks, payer, page];
