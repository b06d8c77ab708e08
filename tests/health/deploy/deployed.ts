import { functionQueries } from '../../../health/deploy/functions.ts';
import { placeOf } from '../../../health/deploy/place.ts';
import { expandModel } from '../../../health/expand.ts';
import { onAzure } from '../on-azure.ts';
import { environments } from '../situation.ts';

/** The store of two regions, deployed. */
export const environment = onAzure(environments['two-regions']);
export const nodes = expandModel(environment);
export const place = placeOf(environment);
const { ContosoHealth = '', ContosoResults = '' } = functionQueries(nodes, place);

/**
 * A query that calls the deployed functions as one that holds their text: DuckDB has no functions of a workspace. Tables of the
 * query itself are called `Own…`, since a function's own have names that only it sees.
 */
export function withFunctions(query: string): string {
  const end = ContosoHealth.lastIndexOf(';\n') + 2;
  const own = [...query.matchAll(/^let (\w+) =/gm)].map(([, name = '']) => name);
  const renamed = own.reduce((text, name) => text.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), `Own${name}`), query);
  const health = `${ContosoHealth.slice(0, end)}let ContosoHealth = ${ContosoHealth.slice(end).trim()};\n`;
  const results = `let ContosoResults = ${ContosoResults.trim()};\n`;
  return `${query.includes('ContosoHealth') ? health : ''}${query.includes('ContosoResults') ? results : ''}${renamed}`;
}
