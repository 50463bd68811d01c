import { worm } from '../worm/service';
import type { Service } from './service';

/** In the order of their start. */
export const services: readonly Service[] = [worm];
