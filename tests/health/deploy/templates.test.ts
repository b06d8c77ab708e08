import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { isoOf, rangeOf } from '../../../health/deploy/alerts.ts';
import { azureFiles, templatesOf } from '../../../health/deploy/generate.ts';
import { mostResources } from '../../../health/deploy/template.ts';
import { expandModel } from '../../../health/expand.ts';
import { generated } from '../../../scripts/generated.ts';
import { example, root, subscription } from './example.ts';

const resourceSchema = z.object({
  type: z.string(),
  apiVersion: z.string(),
  name: z.string(),
  kind: z.string().optional(),
  dependsOn: z.array(z.string()).default([]),
  properties: z.record(z.string(), z.unknown()),
});
type Resource = z.infer<typeof resourceSchema>;

const environment = example();
const nodes = expandModel(environment);
const templates = templatesOf(environment);
const resourcesOf = (name: string): Resource[] =>
  z.array(resourceSchema).parse(templates.find((each) => each.name === name)?.template.resources);
const all = templates.flatMap(({ name }) => resourcesOf(name));
const ofType = (type: string) => all.filter((resource) => resource.type === type);

/** Names, of which the parts alternate in a resource id: `a/b` of `T/x/y` is `resourceId('T/x/y', 'a', 'b')`. */
const idOf = ({ type, name }: Resource) =>
  `[resourceId('${type}', ${name
    .split('/')
    .map((part) => `'${part}'`)
    .join(', ')})]`;

describe('templates', () => {
  it('hold no subscription, and take it as a parameter', () => {
    for (const { template } of templates) {
      expect(JSON.stringify(template)).not.toContain(subscription);
      const used = [...JSON.stringify(template.resources).matchAll(/parameters\('(\w+)'\)/g)].map(([, name]) => name);
      expect(Object.keys(template.parameters).sort()).toEqual([...new Set(used)].sort());
    }
    expect(JSON.stringify(templates)).not.toContain('FRONT_DOOR_ID');
  });

  it('keep to the limits of Azure Resource Manager', () => {
    for (const { template } of templates) {
      expect(template.resources.length).toBeLessThanOrEqual(mostResources);
      expect(Object.keys(template.variables).length).toBeLessThanOrEqual(256);
      expect(JSON.stringify(template).length).toBeLessThan(4_000_000);
      for (const [expression] of JSON.stringify(template.resources).matchAll(/"\[(?:[^"\\]|\\.)*\]"/g))
        expect(expression.length).toBeLessThan(24_576);
    }
  });

  it('depend only on what they have themselves', () => {
    for (const { name } of templates) {
      const own = new Set(resourcesOf(name).map(idOf));
      for (const { dependsOn } of resourcesOf(name)) expect([...own]).toEqual(expect.arrayContaining(dependsOn));
    }
  });

  it('name each resource once', () => {
    expect(new Set(all.map(idOf)).size).toBe(all.length);
  });

  it('stay within the limits with twenty stamps', () => {
    const many = example((document) => {
      const [stamp] = document.stamps;
      if (stamp) document.stamps = Array.from({ length: 20 }, (_, at) => ({ ...stamp, name: `stamp-${at}`, slots: [] }));
    });
    for (const { template } of templatesOf(many)) expect(template.resources.length).toBeLessThanOrEqual(mostResources);
  });
});

describe('alert rules', () => {
  const ruleSchema = z.object({
    severity: z.number(),
    evaluationFrequency: z.string(),
    windowSize: z.string(),
    overrideQueryTimeRange: z.string().optional(),
    autoMitigate: z.boolean(),
    scopes: z.array(z.string()),
    actions: z.object({ actionGroups: z.array(z.string()) }),
    criteria: z.object({
      allOf: z.tuple([
        z.object({
          query: z.string(),
          operator: z.string(),
          threshold: z.number(),
          dimensions: z.array(z.object({ name: z.string() })),
        }),
      ]),
    }),
  });
  const rules = new Map(
    ofType('Microsoft.Insights/scheduledQueryRules').map(({ name, properties }) => [
      name.replace('contoso-production-', ''),
      ruleSchema.parse(properties),
    ]),
  );
  const rows = [
    ['root-unhealthy', 1, 'GreaterThan', 0, ['Id'], 'PT3H', undefined],
    ['root-degraded', 3, 'GreaterThan', 0, ['Id'], 'PT3H', undefined],
    ['burn-rate-60m', 1, 'GreaterThan', 0, ['Journey', 'Place', 'Kind'], 'PT1H', undefined],
    ['burn-rate-360m', 1, 'GreaterThan', 0, ['Journey', 'Place', 'Kind'], 'PT6H', undefined],
    ['burn-rate-4320m', 3, 'GreaterThan', 0, ['Journey', 'Place', 'Kind'], 'P1D', 'P2D'],
    ['silence', 1, 'LessThan', 1, [], 'PT15M', undefined],
    ['silence-location', 2, 'GreaterThan', 0, ['Location'], 'P1D', undefined],
    ['unknown', 2, 'LessThan', 1, [], 'PT3H', undefined],
    ['quorum', 2, 'GreaterThan', 0, ['Journey', 'Target'], 'PT10M', undefined],
  ] as const;

  it.each(rows)('%s has severity %i, %s %i', (name, severity, operator, threshold, dimensions, windowSize, range) => {
    const rule = rules.get(name);
    expect(rule).toMatchObject({ severity, windowSize, evaluationFrequency: 'PT5M', autoMitigate: true });
    expect(rule?.overrideQueryTimeRange).toBe(range);
    expect(rule?.criteria.allOf[0]).toMatchObject({ operator, threshold });
    expect(rule?.criteria.allOf[0].dimensions.map((each) => each.name)).toEqual(dimensions);
    expect(rule?.actions.actionGroups).toEqual(["[resourceId('Microsoft.Insights/actionGroups', 'contoso-production-alerts')]"]);
    expect(rule?.scopes[0]).toContain('workspaces/shop-global');
  });

  it('are all told of here', () => {
    expect([...rules.keys()].sort()).toEqual(rows.map(([name]) => name).sort());
  });

  it('follow the burn rates of the environment', () => {
    const other = example(({ alerts }) => {
      alerts.burnRates = [{ rate: 3, longMinutes: 120, shortMinutes: 10, minFailures: 4, urgency: 'ticket' }];
    });
    const text = azureFiles(other)['kql/alert-burn-rate-120m.kql'];
    expect(text).toContain('Bad >= 4 and Bad >= 3.0 * Allowed * Total');
    expect(text).toContain("'checkout', 'westeurope', 'availability', 0.0005, 0.0");
    expect(Object.keys(azureFiles(other)).filter((path) => path.includes('burn-rate'))).toHaveLength(1);
  });

  it.each([
    [15, 'PT15M', undefined],
    [16, 'PT30M', undefined],
    [1_440, 'P1D', undefined],
    [1_441, 'P1D', 'P2D'],
  ])('of %i minutes look at %s', (minutes, windowSize, overrideQueryTimeRange) => {
    expect(rangeOf(minutes)).toEqual({ windowSize, ...(overrideQueryTimeRange && { overrideQueryTimeRange }) });
  });

  it('writes durations as Azure does', () => {
    expect([5, 60, 90, 180, 2_880].map(isoOf)).toEqual(['PT5M', 'PT1H', 'PT90M', 'PT3H', 'P2D']);
  });
});

describe('the health model resource', () => {
  const names = new Set(ofType('Microsoft.CloudHealth/healthmodels/entities').map(({ name }) => name.split('/')[1]));
  const edges = ofType('Microsoft.CloudHealth/healthmodels/relationships').map(({ properties }) => properties);

  it('has an entity with a state of its own for each node', () => {
    expect(names.size).toBe(nodes.length);
    expect(names).toContain('contoso-production');
    for (const { name, properties } of ofType('Microsoft.CloudHealth/healthmodels/signaldefinitions')) {
      expect(names).toContain(name.split('/')[1]);
      expect(properties).toMatchObject({
        signalKind: 'LogAnalyticsQuery',
        valueColumnName: 'Code',
        evaluationRules: {
          degradedRule: { operator: 'GreaterThan', threshold: 0 },
          unhealthyRule: { operator: 'GreaterThan', threshold: 1 },
        },
      });
    }
    expect(
      ofType('Microsoft.CloudHealth/healthmodels/signaldefinitions')
        .map(({ properties }) => properties.queryText)
        .sort(),
    ).toEqual(nodes.map(({ id }) => `ContosoHealth | where Id == '${id}' and isnotnull(Code) | project Code`).sort());
  });

  it('has every edge of the model, and lets none propagate', () => {
    expect(edges).toHaveLength(nodes.flatMap(({ children }) => children).length);
    for (const { parentEntityName, childEntityName } of edges) {
      expect(names).toContain(parentEntityName);
      expect(names).toContain(childEntityName);
    }
    for (const { properties } of ofType('Microsoft.CloudHealth/healthmodels/entities'))
      expect(properties.impact).toBe('Suppressed');
  });

  it('has names that Azure takes', () => {
    for (const { type, name } of all.filter((resource) => resource.type.startsWith('Microsoft.CloudHealth/'))) {
      const [model = '', own] = name.split('/');
      expect(model).toMatch(/^[a-zA-Z][a-zA-Z0-9-]{1,42}[a-zA-Z0-9]$/);
      if (type.split('/').length > 2) expect(own).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9-]{1,258}[a-zA-Z0-9]$/);
    }
  });
});

describe('web tests', () => {
  it('look at each stamp and the global endpoints, and at no slot', () => {
    const tests = ofType('Microsoft.Insights/webtests');
    const urls = tests.map(({ properties }) => (properties.Request as { RequestUrl: string }).RequestUrl);
    const { stamps, global } = environment;
    const wanted = [...stamps.map(({ endpoint }) => endpoint), global?.endpoint, global?.customDomain];
    expect(urls).toEqual(wanted.map((endpoint) => `${endpoint}/api/health`));
    for (const { kind, properties } of tests)
      expect({ kind, ...properties }).toMatchObject({ kind: 'standard', Kind: 'standard', Frequency: 300, Enabled: true });
    expect(tests[0]?.properties.Locations).toHaveLength(5);
  });

  it('alert where three of five places fail', () => {
    const alerts = ofType('Microsoft.Insights/metricAlerts');
    expect(alerts).toHaveLength(ofType('Microsoft.Insights/webtests').length);
    for (const { properties } of alerts)
      expect(properties.criteria).toMatchObject({
        'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria',
        failedLocationCount: 3,
      });
  });
});

describe('the workbook', () => {
  it('is a graph whose clicked node the tables follow', () => {
    const { template } = templates.find(({ name }) => name === 'workbook') ?? {};
    const data = JSON.parse(Object.values(template?.variables ?? {})[0] ?? '') as {
      items: { name?: string; content: Record<string, unknown> }[];
    };
    const graph = data.items.find(({ name }) => name === 'graph')?.content;
    expect(graph).toMatchObject({ visualization: 'graph', exportFieldName: 'Id', exportParameterName: 'node' });
    const following = data.items.filter(({ content }) => String(content.query).includes("'{node}'")).map(({ name }) => name);
    expect(following).toEqual(['children', 'signals', 'failures']);
  });
});

describe('the files of production.example', () => {
  it('are checked, all of them, and none is left over', () => {
    const folder = join(root, 'deploy/azure/production');
    const there = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const listed = generated.filter(({ file }) => file.startsWith(folder));
    expect(there.sort()).toEqual(listed.map(({ file }) => file).sort());
    for (const { file, text } of listed) expect(readFileSync(file, 'utf8')).toBe(text(''));
  });
});
