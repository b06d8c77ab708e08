import type { Environment } from '../../fixtures/environments/schema.ts';
import { expandModel, type ModelNode } from '../expand.ts';
import { alertQueries } from './alert-queries.ts';
import { actionGroup, alertRule } from './alerts.ts';
import { functionQueries, functionResources } from './functions.ts';
import { healthModel } from './health-model.ts';
import { type Place, placeOf } from './place.ts';
import { type Resource, type Template, templateOf } from './template.ts';
import { webTests } from './web-tests.ts';
import { workbook } from './workbook.ts';

export interface NamedTemplate {
  readonly name: string;
  readonly template: Template;
}

/** The templates in the order in which they are deployed: each needs what stands before it. */
export function templatesOf(environment: Environment): NamedTemplate[] {
  const place = placeOf(environment);
  const nodes = expandModel(environment);
  return partsOf(environment, place, nodes).map(([name, resources]) => ({
    name,
    template: templateOf(place.subscription, resources),
  }));
}

function partsOf(environment: Environment, place: Place, nodes: readonly ModelNode[]): [string, Resource[]][] {
  return [
    ['functions', functionResources(nodes, place)],
    ['alerts', [actionGroup(place), ...alertQueries(environment, nodes).map((alert) => alertRule(place, alert))]],
    ['web-tests', webTests(environment, place)],
    ['workbook', [workbook(place, nodes)]],
    ['health-model', healthModel(place, nodes)],
    // One a stamp: with twenty of them, one template would hold more resources than Azure takes.
    ...environment.stamps.map(({ name }): [string, Resource[]] => [`health-model-${name}`, healthModel(place, nodes, name)]),
  ];
}

/** Every file that is made from an environment, by its path: templates, and the queries to read and to try. */
export function azureFiles(environment: Environment): Record<string, string> {
  const place = placeOf(environment);
  const nodes = expandModel(environment);
  const templates = templatesOf(environment).map(({ name, template }) => [
    `${name}.json`,
    `${JSON.stringify(template, null, 2)}\n`,
  ]);
  const functions = Object.entries(functionQueries(nodes, place)).map(([name, query]) => [`kql/${name}.kql`, query]);
  const alerts = alertQueries(environment, nodes).map(({ name, query }) => [`kql/alert-${name}.kql`, query]);
  return Object.fromEntries([...templates, ...functions, ...alerts]);
}
