import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, type Fault } from '../../fixtures/environments/errors.ts';
import { parseEnvironment } from '../../fixtures/environments/load.ts';

const local = readFileSync(join(__dirname, '../../fixtures/environments/local.json'), 'utf8');

type Json = Record<string, unknown>;

/** The local environment with values put at paths such as `stamps.0.endpoint`; undefined removes one. */
function localWith(changes: Json): string {
  const document = JSON.parse(local) as Json;
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    const parent = keys.reduce<Json>((at, key) => at[key] as Json, document);
    if (value === undefined) delete parent[last];
    else parent[last] = value;
  }
  return JSON.stringify(document, null, 2);
}

function faultsOf(text: string, variables = {}): readonly Fault[] {
  try {
    parseEnvironment(text, 'shop.json', variables);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}

const account = (fields: Json) => ({ 'cosmosAccounts.0': { name: 'contoso', regions: ['westeurope', 'eastus'], ...fields } });
const serverless = (fields: Json) => account({ mode: 'serverless', regions: ['westeurope'], ...fields });
const scaling = (fields: Json) => ({
  'plans.0.autoscale': {
    minimum: 2,
    maximum: 5,
    default: 2,
    rules: (JSON.parse(local) as { plans: { autoscale: { rules: unknown } }[] }).plans[0]?.autoscale.rules,
    ...fields,
  },
});
const workspace = (name: string) => ({
  name,
  resourceId: `/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/${name}`,
});
const hidden = 'a value that is not shown';

/** title, changes, path, seen, allowed (a part of it) */
const rows: readonly (readonly [string, Json, string, string, string])[] = [
  ['an unknown key near a known one', { stmps: 1 }, 'stmps', 'an unknown key', 'stamps (did you mean it?)'],
  ['an unknown key of a stamp', { 'stamps.0.regoin': 'x' }, 'stamps[0].regoin', 'an unknown key', 'region (did you mean it?)'],
  ['an unknown key near no other', { zzzzzz: 1 }, 'zzzzzz', 'an unknown key', 'one of $schema, name'],
  [
    'a plan that stamps of two regions name',
    { 'stamps.1.plan': 'plan-westeurope' },
    'stamps[1].plan',
    '"plan-westeurope"',
    'a plan of eastus: plan-westeurope is in westeurope',
  ],
  ['a missing section', { budgets: undefined }, 'budgets', 'nothing', 'an object'],
  ['a text where a boolean belongs', { production: 'yes' }, 'production', '"yes"', 'true or false'],
  ['an unknown way of payment', { payment: 'cash' }, 'payment', '"cash"', 'one of stub, sandbox, live'],
  [
    'an unknown kind of auth',
    { 'auth.kind': 'basic' },
    'auth.kind',
    '"basic"',
    'one of client-secret, managed-identity, variable',
  ],
  ['a name in capitals', { 'stamps.0.name': 'West' }, 'stamps[0].name', '"West"', 'a lower-case name'],
  [
    'an id of another kind',
    { 'stamps.0.resourceId': '/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/serverfarms/p' },
    'stamps[0].resourceId',
    '"/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/serverfarms/p"',
    'providers/Microsoft.Web/sites/shop-westeurope',
  ],
  [
    'two workspaces of one region',
    { 'telemetry.workspaces': [workspace('eastus'), workspace('eastus')] },
    'telemetry.workspaces[1].name',
    '"eastus"',
    'workspace name: one that no other entry has',
  ],
  [
    'a workspace of a region without stamps',
    { 'telemetry.workspaces': [workspace('global'), workspace('eastasia')] },
    'telemetry.workspaces[1].name',
    '"eastasia"',
    'one of global, westeurope, eastus',
  ],
  [
    'a component where a workspace belongs',
    {
      'telemetry.workspaces': [
        { name: 'global', resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Insights/components/shop' },
      ],
    },
    'telemetry.workspaces[0].resourceId',
    '"/subscriptions/s/resourceGroups/g/providers/Microsoft.Insights/components/shop"',
    'providers/Microsoft.OperationalInsights/workspaces/shop-westeurope',
  ],
  [
    'a profile where its origin group belongs',
    { 'global.originGroupId': '/subscriptions/s/resourceGroups/g/providers/Microsoft.Cdn/profiles/p' },
    'global.originGroupId',
    '"/subscriptions/s/resourceGroups/g/providers/Microsoft.Cdn/profiles/p"',
    'profiles/shop/originGroups/stamps',
  ],
  [
    'an app where its plan belongs',
    { 'plans.0.resourceId': '/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/shop' },
    'plans[0].resourceId',
    '"/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/shop"',
    'providers/Microsoft.Web/serverfarms/plan-westeurope',
  ],
  [
    'a name for the id of an account',
    { 'cosmosAccounts.0.resourceId': 'contoso' },
    'cosmosAccounts[0].resourceId',
    '"contoso"',
    'providers/Microsoft.DocumentDB/databaseAccounts/contoso',
  ],
  [
    'a name for the id of the component',
    { 'telemetry.resourceId': 'shop' },
    'telemetry.resourceId',
    '"shop"',
    'providers/Microsoft.Insights/components/shop',
  ],
  [
    'a url for an id',
    { 'stamps.0.resourceId': 'https://portal/sites/shop' },
    'stamps[0].resourceId',
    '"https://portal/sites/shop"',
    'an ARM id: /subscriptions/',
  ],
  ['an origin without a name', { 'stamps.0.origin': '' }, 'stamps[0].origin', '""', 'a text that is not empty'],
  ['no stamps', { stamps: [] }, 'stamps', 'an empty list', 'a list of at least 1 entry'],
  ['no plans', { plans: [] }, 'plans', 'an empty list', 'a list of at least 1 entry'],
  [
    'no regions of an account',
    { 'cosmosAccounts.0.regions': [] },
    'cosmosAccounts[0].regions',
    'an empty list',
    'at least 1 entry',
  ],
  ['no autoscale rules', scaling({ rules: [] }), 'plans[0].autoscale.rules', 'an empty list', 'at least 1 entry'],
  ['an object where a list belongs', { stamps: { a: 1 } }, 'stamps', 'an object', 'a list'],
  ['null as a stamp', { 'stamps.0': null }, 'stamps[0]', 'null', 'an object'],
  ['a duplicate stamp', { 'stamps.1.name': 'westeurope' }, 'stamps[1].name', '"westeurope"', 'that no other entry has'],
  ['a stamp called global', { 'stamps.1.name': 'global' }, 'stamps[1].name', '"global"', 'target name'],
  ['a stamp called as a slot', { 'stamps.1.name': 'westeurope-staging' }, 'stamps[0].slots[0].name', '"staging"', 'target name'],
  [
    'an endpoint used twice',
    { 'stamps.1.endpoint': 'https://LOCALHOST:8444/' },
    'stamps[1].endpoint',
    '"https://LOCALHOST:8444/"',
    'that no other entry has',
  ],
  [
    'http beyond loopback',
    { 'stamps.0.endpoint': 'http://shop.example' },
    'stamps[0].endpoint',
    '"http://shop.example"',
    'https (http on loopback alone)',
  ],
  [
    'http at a name that starts with localhost',
    { 'stamps.0.endpoint': 'http://localhost.example' },
    'stamps[0].endpoint',
    '"http://localhost.example"',
    'https',
  ],
  [
    'credentials in an endpoint',
    { 'global.endpoint': 'https://me:pa/ss@shop.example' },
    'global.endpoint',
    '"https://***@shop.example"',
    'an',
  ],
  [
    'a plain user in an endpoint',
    { 'global.endpoint': 'https://me:pass@shop.example' },
    'global.endpoint',
    '"https://***@shop.example"',
    'without credentials',
  ],
  [
    'a code in an endpoint',
    { 'global.endpoint': 'https://shop.example/?code=secret' },
    'global.endpoint',
    '"https://shop.example/?***"',
    'an origin alone',
  ],
  ['an endpoint without scheme', { 'global.endpoint': 'shop' }, 'global.endpoint', '"shop"', 'an absolute URL'],
  ['a plan that is not there', { 'stamps.0.plan': 'big' }, 'stamps[0].plan', '"big"', 'one of plan-westeurope, plan-eastus'],
  ['an account that is not there', { 'stamps.0.cosmos': 'big' }, 'stamps[0].cosmos', '"big"', 'one of contoso'],
  ['a stamp outside its account’s regions', { 'stamps.0.region': 'mars' }, 'stamps[0].region', '"mars"', 'westeurope, eastus'],
  [
    'standby stamps alone',
    { 'stamps.0.role': 'standby', 'stamps.1.role': 'standby' },
    'stamps',
    'standby stamps alone',
    'active',
  ],
  [
    'a journey that is not there in the mix',
    { 'load.mix.brows': 1 },
    'load.mix.brows',
    'an unknown journey',
    'browse (did you mean it?)',
  ],
  [
    'a budget for no journey',
    { 'budgets.ruPerJourney': { dance: 1 } },
    'budgets.ruPerJourney.dance',
    'an unknown journey',
    'one of browse',
  ],
  ['an empty mix', { 'load.mix': {} }, 'load.mix', 'no weight above 0', 'a weight above 0'],
  ['a mix of zeros', { 'load.mix': { browse: 0 } }, 'load.mix', 'no weight above 0', 'a weight above 0'],
  ['a negative weight', { 'load.mix.browse': -1 }, 'load.mix.browse', '-1', 'a number at least 0'],
  ['a negative budget', { 'budgets.ruPerSecond': -1 }, 'budgets.ruPerSecond', '-1', 'a number above 0'],
  ['a budget of zero', { 'budgets.journeyMs': 0 }, 'budgets.journeyMs', '0', 'a number above 0'],
  [
    'availability above 100',
    { 'objectives.availabilityPercent': 101 },
    'objectives.availabilityPercent',
    '101',
    'a number at most 100',
  ],
  ['half a shopper', { 'shoppers.count': 1.5 }, 'shoppers.count', '1.5', 'a whole number'],
  ['shoppers not known as synthetic', { 'shoppers.prefix': 'alice' }, 'shoppers.prefix', '"alice"', 'synthetic'],
  [
    'serverless in several regions',
    serverless({ regions: ['westeurope', 'eastus'] }),
    'cosmosAccounts[0].regions',
    '2 regions',
    'one region',
  ],
  [
    'serverless with shared throughput',
    serverless({ throughput: 'database' }),
    'cosmosAccounts[0].throughput',
    '"database"',
    'no shared throughput',
  ],
  ['serverless with RU/s', serverless({ ruPerSecond: 400 }), 'cosmosAccounts[0].ruPerSecond', '400', 'no provisioned RU/s'],
  [
    'manual without RU/s',
    account({ mode: 'manual' }),
    'cosmosAccounts[0].ruPerSecond',
    'nothing',
    'at least 400 RU/s in steps of 100',
  ],
  [
    'manual below 400 RU/s',
    account({ mode: 'manual', ruPerSecond: 300 }),
    'cosmosAccounts[0].ruPerSecond',
    '300',
    'at least 400',
  ],
  ['manual off its steps', account({ mode: 'manual', ruPerSecond: 450 }), 'cosmosAccounts[0].ruPerSecond', '450', 'steps of 100'],
  [
    'autoscale off its steps',
    account({ mode: 'autoscale', ruPerSecond: 1500 }),
    'cosmosAccounts[0].ruPerSecond',
    '1500',
    'steps of 1000',
  ],
  [
    'a region twice in an account',
    account({ mode: 'manual', ruPerSecond: 400, regions: ['westeurope', 'eastus', 'eastus'] }),
    'cosmosAccounts[0].regions[2]',
    '"eastus"',
    'region',
  ],
  ['B1 with autoscale', { 'plans.0.sku': 'B1' }, 'plans[0].autoscale', 'an object', 'B1 has none'],
  ['B1 with slots', { 'plans.0': { name: 'plan-westeurope', sku: 'B1' } }, 'stamps[0].slots', '1 of them', 'no slots'],
  [
    'more B1 instances than there are',
    { 'plans.0': { name: 'plan-westeurope', sku: 'B1', instances: 4 } },
    'plans[0].instances',
    '4',
    'at most 3',
  ],
  ['a maximum above the SKU’s', scaling({ maximum: 11 }), 'plans[0].autoscale.maximum', '11', 'at most 10'],
  ['a minimum above the maximum', scaling({ minimum: 6, default: 6 }), 'plans[0].autoscale.minimum', '6', 'at most maximum, 5'],
  ['a default below the minimum', scaling({ default: 1 }), 'plans[0].autoscale.default', '1', 'from minimum, 2, to maximum, 5'],
  [
    'an empty duration',
    { 'plans.0.autoscale.rules.0.cooldown': 'PT' },
    'plans[0].autoscale.rules[0].cooldown',
    '"PT"',
    'an ISO 8601 duration',
  ],
  [
    'a missing variable',
    { 'auth.clientSecret': '${SHOP_SECRET}' },
    'auth.clientSecret',
    '${SHOP_SECRET}, which is not set',
    'variable SHOP_SECRET',
  ],
  ['a broken reference', { location: '${SHOP' }, 'location', 'a broken reference to a variable', '${NAME}'],
  ['a secret of the wrong type', { 'auth.clientSecret': 12345 }, 'auth.clientSecret', hidden, 'a text'],
  ['an admin token of the wrong type', { 'local.adminToken': 12345 }, 'local.adminToken', hidden, 'a text'],
  ['a header of the wrong type', { 'stamps.0.headers': { 'x-key': 12345 } }, 'stamps[0].headers["x-key"]', hidden, 'a text'],
  [
    'a secret that would go over plain http',
    { 'auth.tokenEndpoint': 'http://login.example/token' },
    'auth.tokenEndpoint',
    hidden,
    'an https URL without user and password',
  ],
  [
    'a webhook over plain http, with its key',
    { alerts: { webhook: { url: 'http://hooks.example/services/KEY' } } },
    'alerts.webhook.url',
    hidden,
    'an https URL',
  ],
  [
    'a dead-man URL over plain http, with its key',
    { monitor: { deadManUrl: 'http://ping.example/KEY' } },
    'monitor.deadManUrl',
    hidden,
    'an https URL',
  ],
  [
    'an empty connection string',
    { 'telemetry.connectionString': '' },
    'telemetry.connectionString',
    hidden,
    'a text that is not empty',
  ],
];

describe('a malformed environment', () => {
  it.each(rows)('names %s, what was seen and what is allowed', (_, changes, path, seen, allowed) => {
    const fault = faultsOf(localWith(changes)).find((each) => each.path.replace('.x-key', '["x-key"]') === path);
    expect(fault).toMatchObject({
      seen,
      allowed: expect.stringContaining(allowed),
      position: expect.stringMatching(/^\d+:\d+$/),
    });
  });

  it('accepts the file that the rows start from', () => expect(faultsOf(local)).toEqual([]));

  it('reports faults of shape and across fields together', () => {
    const changes = { production: 1, 'stamps.0.plan': 'big', 'budgets.ruPerSecond': -1, location: '${NOT_SET}', extra: 1 };
    expect(
      faultsOf(localWith(changes))
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['budgets.ruPerSecond', 'extra', 'location', 'production', 'stamps[0].plan']);
  });

  it.each([
    ['no load', undefined],
    ['a load that is none', 7],
    ['a mix that is none', { ratePerSecond: 1, mix: 'browse' }],
  ])('says nothing of weights where there is %s', (_, load) => {
    expect(faultsOf(localWith({ load })).map(({ path }) => path)).toEqual([load instanceof Object ? 'load.mix' : 'load']);
  });

  it('never echoes a value that came from a variable', () => {
    const [fault, ...others] = faultsOf(localWith({ 'global.endpoint': '${SHOP}' }), { SHOP: 'top-secret' });
    expect([fault?.path, fault?.seen, others]).toEqual(['global.endpoint', hidden, []]);
  });

  it('counts an empty variable as unset', () => {
    expect(faultsOf(localWith({ location: '${PLACE}' }), { PLACE: '' })).toMatchObject([
      { path: 'location', seen: '${PLACE}, which is not set' },
    ]);
  });
});

/** title, text, position, seen, allowed */
const brokenJson: readonly (readonly [string, string, string | undefined, string, string])[] = [
  ['an empty file', '', undefined, 'an empty file', 'a JSON object'],
  ['only blanks', ' \n', undefined, 'an empty file', 'a JSON object'],
  ['a trailing comma', '{\n  "name": "x",\n}', '3:1', 'bad JSON at "}"', 'a property name in double quotes'],
  ['a missing comma', '{\n  "a": 1\n  "b": 2\n}', '3:3', 'bad JSON at "\\""', 'a comma between entries'],
  ['a comment', '{\n  // why\n}', '2:3', 'bad JSON at "/"', 'JSON without comments'],
  ['NaN', '{\n  "a": NaN\n}', '2:8', 'bad JSON at "N"', 'strict JSON'],
  ['an end too early', '{\n  "a": [1', '2:10', 'the end of the file', 'a closing ]'],
  ['text after the end', '{}\n{}', '2:1', 'bad JSON at "{"', 'nothing after the closing }'],
  ['a list at the top', '[]', '1:1', 'an empty list', 'an object'],
  ['a number at the top', '7', '1:1', '7', 'an object'],
  ['null at the top', 'null', '1:1', 'null', 'an object'],
];

describe('bad JSON', () => {
  it.each(brokenJson)('tells the place of %s', (_, text, position, seen, allowed) => {
    const [fault] = faultsOf(text);
    expect({ position: fault?.position, seen: fault?.seen, allowed: fault?.allowed }).toEqual({ position, seen, allowed });
  });

  it('reports a key that stands twice', () => {
    const twice = local.replace('"location": "local"', '"location": "local", "location": "local"');
    expect(faultsOf(twice)).toMatchObject([{ path: 'location', seen: 'a key that stands twice', allowed: 'each key once' }]);
  });

  it('takes a byte order mark', () => expect(faultsOf(`\uFEFF${local}`)).toEqual([]));
});
