import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

/**
 * What V8 made of the code is kept from round to round: more than half of a short round's CPU is loading Playwright and the
 * SDK. Imported first, since it holds for what is loaded after it; workers inherit the variable, and have it from their start.
 */
const folder = join(__dirname, '..', '.local', 'compiled');
enableCompileCache(folder);
process.env.NODE_COMPILE_CACHE = folder;
