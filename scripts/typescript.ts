import { join } from 'node:path';

/** What a Node is started with that loads TypeScript, as `npm run` starts it. */
export const typescript: readonly string[] = ['-r', join(__dirname, 'register.cjs')];
