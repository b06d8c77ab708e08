import { describe, expect, it } from 'vitest';
import { alertQueries } from '../../../health/deploy/alert-queries.ts';
import { functionQueries } from '../../../health/deploy/functions.ts';
import { placeOf } from '../../../health/deploy/place.ts';
import { expandModel } from '../../../health/expand.ts';
import { runKql, type Tables } from '../kql/run.ts';
import { example } from './example.ts';

const now = new Date('2026-11-25T12:00:00Z');
const environment = example();
const nodes = expandModel(environment);
const place = placeOf(environment);
const { ContosoResults = '' } = functionQueries(nodes, place);
const [, { resource: Workspace } = { resource: '' }] = place.workspaces;

interface Sent {
  readonly minutesAgo: number;
  readonly location?: string;
  readonly journey?: string;
  readonly outcome?: string;
  readonly id?: string;
  readonly more?: Readonly<Record<string, string>>;
}

const row = ({ minutesAgo, location = 'weu', journey = 'checkout', outcome = 'passed', id, more }: Sent, at: number) => ({
  TimeGenerated: new Date(now.getTime() - minutesAgo * 60_000).toISOString(),
  Workspace,
  Id: id ?? `result-${at}`,
  Location: location,
  DurationMs: 100,
  Properties: { journey, outcome, target: 'westeurope-blue', targetKind: 'stamp', region: 'westeurope', ...more },
});
const tablesOf = (sent: readonly Sent[]): Tables => ({ AppAvailabilityResults: sent.map(row) });

/** One a minute, the first so many of them failed; at the end of each a minute's half. */
const minutes = (count: number, failed: number, more: Partial<Sent> = {}): Sent[] =>
  Array.from({ length: count }, (_, at) => ({ minutesAgo: at + 0.5, outcome: at < failed ? 'failed' : 'passed', ...more }));

/** How many alerts there are: rows, as the function that the query calls is deployed. */
async function fired(name: string, cases: readonly (readonly Sent[])[]): Promise<number[]> {
  const alert = alertQueries(environment, nodes).find((each) => each.name === name);
  const query = `let ContosoResults = ${ContosoResults.trim()};\n${alert?.query}| project One = 1`;
  const answers = await runKql(
    cases.map((sent) => ({ query, tables: tablesOf(sent) })),
    now,
  );
  const rows = answers.map(({ length }) => length);
  return alert?.fires === 'without rows' ? rows.map((count) => (count < 1 ? 1 : 0)) : rows;
}

const timeout = 120_000;

describe('alerts fire', () => {
  it('where half of the locations fail, and not where fewer do', { timeout }, async () => {
    /** The five minutes that count end three minutes ago; those before them don't, nor what came since. */
    const at = (location: string, failed: number, more: Partial<Sent> = {}) =>
      minutes(12, 0, { location, ...more }).map((sent, i) => ({
        ...sent,
        id: `${location} ${i}`,
        outcome: i >= 3 && i < 3 + failed ? 'failed' : 'passed',
      }));
    const early = at('a', 0).map((sent) => ({ ...sent, outcome: sent.minutesAgo > 8 ? 'failed' : 'passed' }));
    const late = at('a', 0).map((sent) => ({ ...sent, outcome: sent.minutesAgo < 3 ? 'failed' : 'passed' }));
    const cases = [
      [...at('a', 3), ...at('b', 0)],
      [...at('a', 3), ...at('b', 0), ...at('c', 0)],
      [...at('a', 2), ...at('b', 2)],
      [...at('a', 4), ...at('b', 4), ...at('c', 0), ...at('d', 0)],
      at('a', 5, { more: { maintenance: 'upgrade' } }),
      early,
      late,
      [],
    ];
    expect(await fired('quorum', cases)).toEqual([1, 0, 0, 1, 0, 0, 0, 0]);
  });

  it('at a budget that burns too fast over both windows, each id counted once', { timeout }, async () => {
    const bad = minutes(55, 6).map((each, i) => ({ ...each, id: `${i}` }));
    const over = bad.map((each) => ({ ...each, outcome: each.minutesAgo > 49 ? 'failed' : 'passed' }));
    const once = minutes(55, 1).map((each, i) => ({ ...each, id: `${i}` }));
    const repeated = Array.from({ length: 10 }, () => once).flat();
    const marked = bad.map((each) => ({ ...each, more: { load: 'target' } }));
    expect(await fired('burn-rate-60m', [bad, over, once, repeated, marked, []])).toEqual([1, 0, 0, 0, 0, 0]);
  });

  it('on silence, of all and of one location', { timeout }, async () => {
    const beat = (minutesAgo: number, location = 'a'): Sent => ({
      minutesAgo,
      location,
      journey: 'heartbeat',
      id: `${location} ${minutesAgo}`,
    });
    // The range of the rule is the service's to hold: rows of 20 minutes ago are not among those it gives to a query of 15.
    expect(await fired('silence', [[beat(1)], [], [{ minutesAgo: 1, id: 'other' }]])).toEqual([0, 1, 1]);
    expect(await fired('silence-location', [[beat(1), beat(2, 'b')], [beat(1), beat(20, 'b')], [beat(20, 'b')]])).toEqual([
      0, 1, 1,
    ]);
  });
});
