import type { Sent } from '../wire.ts';

/** A request of the round, with what every tool asserts of its answer. */
export interface RoundRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
  /** Members of the JSON body by name, which must be equal. */
  readonly values: Readonly<Record<string, string | number | boolean>>;
}

/** Journeys, each on an address of its own: so every tool opens a connection for each, and can keep it within. */
export type Round = readonly { readonly name: string; readonly requests: readonly RoundRequest[] }[];

export const roundOf = (journeys: readonly Sent[][]): Round =>
  journeys.map((requests, index) => ({ name: `journey ${index}`, requests: requests.map(requestOf) }));

function requestOf({ method, url, headers, status, answer }: Sent): RoundRequest {
  const members = answer === '' ? {} : (JSON.parse(answer) as Record<string, unknown>);
  const isScalar = (value: unknown): value is string | number | boolean => ['string', 'number', 'boolean'].includes(typeof value);
  const scalars = Object.entries(members).flatMap(([name, value]) => (isScalar(value) ? [[name, value] as const] : []));
  return { method, url, headers, status, values: Object.fromEntries(scalars.slice(0, 3)) };
}
