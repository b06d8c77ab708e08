import type { Incident } from './incident.ts';

/** The heading of docs/runbooks.md that says what to do: of the component where the model names one, else of the kind. */
export const runbookOf = ({ kind, cause }: Pick<Incident, 'kind' | 'cause'>): string =>
  `docs/runbooks.md#${kind === 'health' ? cause : kind}`;
