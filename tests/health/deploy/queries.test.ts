import { describe, expect, it } from 'vitest';
import { alertQueries } from '../../../health/deploy/alert-queries.ts';
import { functionQueries } from '../../../health/deploy/functions.ts';
import { codeQuery } from '../../../health/deploy/health-model.ts';
import { placeOf } from '../../../health/deploy/place.ts';
import { childrenQuery, failuresQuery, graphQuery, matrixQuery, signalsQuery } from '../../../health/deploy/workbook-queries.ts';
import { expandModel } from '../../../health/expand.ts';
import { example } from './example.ts';
import { kustoErrors } from './kusto.ts';

/** With an objective for latency, and a journey that runs seldom: both change texts. */
const environment = example(({ objectives, monitor }) => {
  objectives.journeys = [{ journey: 'checkout', latencyMs: 2_000, latencyPercent: 95 }];
  monitor.everyMinutes = { health: 5 };
});
const nodes = expandModel(environment);
const functions = functionQueries(nodes, placeOf(environment));
const errorsOf = kustoErrors(functions);

const queries: readonly (readonly [string, string])[] = [
  ...Object.entries(functions),
  ...alertQueries(environment, nodes).map(({ name, query }) => [`alert ${name}`, query] as const),
  ...nodes.map(({ id }) => [`signal ${id}`, codeQuery(id)] as const),
  ['workbook graph', graphQuery(nodes)],
  ['workbook children', childrenQuery(nodes)],
  ['workbook signals', signalsQuery(nodes)],
  ['workbook failures', failuresQuery(nodes)],
  ['workbook matrix', matrixQuery()],
];

describe('every query that Azure gets', () => {
  it.each(queries)('parses and resolves: %s', (_, query) => {
    expect(errorsOf(query)).toEqual([]);
  });
});

describe('a table that several others read', () => {
  it('is worked out once: Kusto would do it each time that it is named', () => {
    const { ContosoHealth: query = '' } = functions;
    const lets = query.split(/^let /m).slice(1);
    const names = lets.map((text) => text.slice(0, text.indexOf(' =')));
    const readers = (name: string) =>
      lets.filter((text) => new RegExp(`\\b${name}\\b`).test(text.slice(text.indexOf(' =')))).length;
    const worked = names.filter((name, at) => !/^\w+ = (datatable|range|bin)\b/.test(lets[at] ?? '') && !name.startsWith('All'));
    const shared = worked.filter((name) => readers(name) > 1);
    expect(shared).toEqual(expect.arrayContaining(['Bins', 'Held', 'Known0', 'Known1']));
    for (const name of shared) expect(query).toContain(`let ${name} = materialize(`);
  });
});

describe('the check finds', () => {
  const { ContosoHealth = '', ContosoResults = '' } = functions;
  it.each([
    ['a misspelt column', ContosoResults.replace('DurationMs', 'DurationMS'), 'DurationMS'],
    ['a misspelt operator', ContosoResults.replace('| extend Place', '| extnd Place'), 'extnd'],
    ['a misspelt table', ContosoHealth.replace('AppExceptions |', 'AppException |'), 'AppException'],
    ['a column that no step before makes', ContosoHealth.replace('| where Step < Of', '| where Stepp < Of'), 'Stepp'],
    ['a text where a number belongs', ContosoHealth.replace('where N >= MinSamples', "where N >= 'five'"), 'five'],
    ['a column that a function does not answer with', "ContosoHealth | where Stat == 'unhealthy'", 'Stat'],
    ['a function that is not deployed', 'ContosoHealthy | count', 'ContosoHealthy'],
  ])('%s', (_, query, named) => {
    expect(Object.values(functions)).not.toContain(query);
    expect(errorsOf(query).join('\n')).toContain(named);
  });
});
