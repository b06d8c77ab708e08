import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, type Fault, parseEnvironment } from '../../fixtures/environments/load.ts';
import { environmentWith } from './day.ts';

const local = JSON.parse(readFileSync(join(__dirname, '../../fixtures/environments/local.json'), 'utf8')) as Record<
  string,
  object
>;

function faultsOf(changes: object, variables = {}): readonly Fault[] {
  try {
    parseEnvironment(JSON.stringify({ ...local, ...changes }), 'shop.json', variables);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}

const objectives = (row: object) => ({ objectives: { ...local.objectives, journeys: [row] } });
const alerts = (fields: object) => ({ alerts: fields });
const webhook = (fields: object) => alerts({ webhook: { url: 'https://hooks.example/x', ...fields } });
const burn = (fields: object) =>
  alerts({ burnRates: [{ rate: 1, longMinutes: 60, shortMinutes: 5, minFailures: 1, urgency: 'page', ...fields }] });

/** title, changes, path, seen, allowed (a part of it) */
const rows: readonly (readonly [string, object, string, string, string])[] = [
  [
    'an unknown journey',
    objectives({ journey: 'chekout' }),
    'objectives.journeys[0].journey',
    '"chekout"',
    'checkout (did you mean it?)',
  ],
  [
    'an unknown region',
    objectives({ region: 'mars' }),
    'objectives.journeys[0].region',
    '"mars"',
    'one of global, westeurope, eastus',
  ],
  [
    'an objective above all',
    objectives({ availabilityPercent: 101 }),
    'objectives.journeys[0].availabilityPercent',
    '101',
    'at most 100',
  ],
  [
    'a share without a bound',
    objectives({ latencyPercent: 99 }),
    'objectives.journeys[0].latencyPercent',
    '99',
    'nothing without latencyMs',
  ],
  [
    'no budget window',
    { objectives: { ...local.objectives, budgetHours: [] } },
    'objectives.budgetHours',
    'an empty list',
    'at least 1 entry',
  ],
  [
    'a budget window beyond what is kept',
    { objectives: { ...local.objectives, budgetHours: [721] } },
    'objectives.budgetHours[0]',
    '721',
    'at most 720',
  ],
  ['more failures than bins', alerts({ open: { failures: 6, of: 5 } }), 'alerts.open.failures', '6', 'at most of, 5'],
  ['more passes than bins', alerts({ close: { passes: 9, of: 5 } }), 'alerts.close.passes', '9', 'at most of, 5'],
  [
    'bins that open and close at once',
    alerts({ open: { failures: 1, of: 5 } }),
    'alerts.close',
    '1 failures to open and 4 passes to close',
    'more than 5 together',
  ],
  ['no failure at all', alerts({ open: { failures: 0, of: 5 } }), 'alerts.open.failures', '0', 'at least 1'],
  [
    'a short window as long as the long one',
    burn({ shortMinutes: 60 }),
    'alerts.burnRates[0].shortMinutes',
    '60',
    'less than longMinutes, 60',
  ],
  ['an unknown urgency', burn({ urgency: 'mail' }), 'alerts.burnRates[0].urgency', '"mail"', 'one of page, ticket'],
  [
    'a webhook over plain http',
    webhook({ url: 'http://hooks.example/' }),
    'alerts.webhook.url',
    'a value that is not shown',
    'an https URL',
  ],
  [
    'a webhook with a password',
    webhook({ url: 'https://me:pw@hooks.example/' }),
    'alerts.webhook.url',
    'a value that is not shown',
    'without user',
  ],
  ['a template that is a text', webhook({ template: '{{title}}' }), 'alerts.webhook.template', '"{{title}}"', 'an object'],
  [
    'a field that no alert has',
    webhook({ template: { a: [{ b: 'x {{titl}}' }] } }),
    'alerts.webhook.template.a[0].b',
    '{{titl}}',
    'title (did you mean it?)',
  ],
  [
    'braces that don’t close',
    webhook({ template: { a: '{{title' } }),
    'alerts.webhook.template.a',
    'an opening or closing {{ }} without its other',
    '{{name}}',
  ],
  ['an empty reference', webhook({ template: { a: '{{}}' } }), 'alerts.webhook.template.a', '{{}}', 'one of key'],
  ['a promise above all', { promises: { frontDoorPercent: 100.1 } }, 'promises.frontDoorPercent', '100.1', 'at most 100'],
  ['an unknown key', alerts({ reminderHours: 1 }), 'alerts.reminderHours', 'an unknown key', 'reminderMinutes'],
];

describe('the configuration of objectives and alerts', () => {
  it.each(rows)('refuses %s', (_, changes, path, seen, allowed) => {
    const faults = faultsOf(changes);
    expect(faults).toContainEqual(expect.objectContaining({ path, seen, allowed: expect.stringContaining(allowed) }));
  });

  it('never shows a webhook that came from a variable', () => {
    const [fault] = faultsOf(webhook({ url: '${HOOK}' }), { HOOK: 'http://hooks.example/top-secret' });
    expect(fault).toMatchObject({ path: 'alerts.webhook.url', seen: 'a value that is not shown' });
  });

  it.each([
    ['a template of any depth', webhook({ template: { blocks: [{ text: '{{title}} {{evidence.link}}' }], n: 1 } })],
    ['a webhook on loopback', webhook({ url: 'http://127.0.0.1:9/x' })],
    ['bins that just can’t do both', alerts({ open: { failures: 2, of: 5 }, close: { passes: 4, of: 5 } })],
    ['an objective of the global endpoint', objectives({ region: 'global', latencyMs: 1, latencyPercent: 99 })],
  ])('takes %s', (_, changes) => expect(faultsOf(changes)).toEqual([]));

  it('needs nothing of it: every part has defaults', () => {
    const { alerts: set, promises, objectives: of } = environmentWith();
    expect(set).toMatchObject({ open: { failures: 3, of: 5 }, close: { passes: 4, of: 5 }, reminderMinutes: 60 });
    expect(set.burnRates.map(({ rate, longMinutes, shortMinutes }) => [rate, longMinutes, shortMinutes])).toEqual([
      [14.4, 60, 5],
      [6, 360, 30],
      [1, 4_320, 360],
    ]);
    expect([promises.appServicePercent, of.budgetHours]).toEqual([99.95, [1, 24, 720]]);
  });
});
