import { notApplicable } from '../fixtures/environments/applies.ts';
import type { Environment } from '../fixtures/environments/schema.ts';

/** What a run leaves out because of what its environment is. */
export const notesOf = (environment: Environment): string[] => [
  ...(environment.production ? ['not run: load, since this is production'] : []),
  ...notApplicable(environment).map(({ what, why }) => `does not apply: ${what}, since ${why}`),
];
