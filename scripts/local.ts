import { become } from './become.ts';

/** `npm run local`: the store, without the compiler that started it. */
void become('scripts/local-run.ts');
