import { join } from 'node:path';

/** The folder with config/, samples/ and dist/: this file, and dist/cli.js made of it, lie one folder below. */
export const checkout = join(__dirname, '..');
