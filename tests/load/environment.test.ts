import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../fixtures/environments/errors.ts';
import { environmentSchema } from '../../fixtures/environments/schema.ts';
import { loadTargets, parseEnvironment } from '../../load/k6/environment.ts';
import { scenarioNamed, wantedOf } from '../../load/run.ts';

const text = readFileSync(join(__dirname, '../../fixtures/environments/local.json'), 'utf8');
type Document = Record<string, unknown> & {
  stamps: Record<string, unknown>[];
  load: Record<string, unknown>;
  global: object;
  budgets: object;
};
const document = () => JSON.parse(text) as Document;
const parsed = (change: (document: Document) => object = (d) => d, variables = {}) =>
  parseEnvironment(JSON.stringify(change(document())), variables);

describe('the environment as k6 reads it', () => {
  it.each([
    { title: 'local.json', change: (d: Document) => d },
    {
      title: 'without what has a default',
      change: ({ load: { mix, ratePerSecond }, ...d }: Document) => ({
        ...d,
        load: { mix, ratePerSecond },
        budgets: { ruPerSecond: 1 },
      }),
    },
    {
      title: 'with headers and slots',
      change: (d: Document) => ({ ...d, stamps: [{ ...d.stamps[0], headers: { a: 'b' }, role: 'standby' }, d.stamps[1]] }),
    },
    { title: 'without a global endpoint', change: ({ global: _, ...d }: Document) => d },
    { title: 'with a byte order mark', change: (d: Document) => d, before: '\uFEFF' },
  ])('equals what the schema makes of it: $title', ({ change, before = '' }) => {
    const { embedded, ...read } = parseEnvironment(before + JSON.stringify(change(document())), {});
    const whole = environmentSchema.parse(change(document()));
    expect(whole).toMatchObject(read);
    // A default that k6 doesn't know would be left out, which the line above takes for equal: its thresholds were NaN.
    expect(read.objectives.latencyP95Ms).toBe(whole.objectives.latencyP95Ms);
    expect(embedded).toBe(true);
  });

  it('takes variables for ${NAME} and names one that is missing', () => {
    const secret = (d: Document) => ({ ...d, auth: { kind: 'variable', token: 'Bearer-${LOAD_TOKEN}' } });
    expect(parsed(secret, { LOAD_TOKEN: 'abc' }).auth).toEqual({ kind: 'variable', token: 'Bearer-abc' });
    expect(() => parsed(secret)).toThrow('names the variable LOAD_TOKEN, which is not set');
  });

  it("doesn't need the variables of what is not its business", () => {
    expect(parsed((d) => ({ ...d, telemetry: { connectionString: '${NOT_SET}' } })).name).toBe('local');
  });
});

describe('where load goes', () => {
  it('is every active stamp and the global endpoint, no slot', () => {
    expect(loadTargets(parsed()).map((target) => target.name)).toEqual(['westeurope', 'eastus', 'global']);
  });

  it('leaves out standby stamps and the custom domain', () => {
    const change = (d: Document) => ({
      ...d,
      stamps: [d.stamps[0] ?? {}, { ...d.stamps[1], role: 'standby' }],
      global: { ...d.global, customDomain: 'https://shop.contoso.example' },
    });
    expect(loadTargets(parsed(change)).map((target) => target.name)).toEqual(['westeurope', 'global']);
  });

  it.each(['eastus', 'https://localhost:8446', 'https://LOCALHOST:8446/', 'eastus-staging'])(
    'is the one that is asked for: %s',
    (wanted) => {
      expect(loadTargets(parsed(), wanted).map((target) => target.stamp)).toEqual(['eastus']);
    },
  );

  it.each([
    'https://example.com',
    'https://localhost:9999',
    'http://localhost:8446',
    'northpole',
    'https://localhost:8446@evil.example',
  ])('is no host that the environment does not name: %s', (wanted) => {
    expect(() => loadTargets(parsed(), wanted)).toThrow(ConfigurationError);
    expect(() => loadTargets(parsed(), wanted)).toThrow('westeurope (https://localhost:8444)');
  });

  it('never is checkout with live payment', () => {
    const live = parsed((d) => ({ ...d, payment: 'live' }));
    expect(() => loadTargets(live)).toThrow(/load.mix.checkout: got checkouts where payment is live/);
  });

  it('is a live store where nothing is bought', () => {
    const change = (d: Document) => ({ ...d, payment: 'live', load: { ...d.load, mix: { browse: 1 } } });
    expect(loadTargets(parsed(change))).toHaveLength(3);
  });
});

describe('what a run has to bring', () => {
  const environment = environmentSchema.parse(document());

  it('follows from the environment', () => {
    expect(wantedOf({ environment, scenario: 'target' })).toMatchObject({
      environment: 'local',
      targets: ['westeurope', 'eastus', 'global'],
      ratePerSecond: 60,
      durationSeconds: 60,
      journeys: { browse: 626, search: 209, reviews: 105, cart: 62, checkout: 42 },
    });
  });

  it('follows from flags before the environment', () => {
    const wanted = wantedOf({ environment, scenario: 'target', target: 'global', ratePerSecond: 30, durationSeconds: 10 });
    expect(wanted).toMatchObject({ targets: ['global'], ratePerSecond: 30, durationSeconds: 10 });
    expect(Object.values(wanted.journeys).reduce((sum, n) => sum + n, 0)).toBe(87);
  });

  it('names the journey that load does not know', () => {
    const strange = { ...environment, load: { ...environment.load, mix: { 'across-regions': 1 } } };
    expect(() => wantedOf({ environment: strange, scenario: 'target' })).toThrow(/across-regions, which is none of: browse/);
  });

  it.each([[[]], [['smash']], [['target', 'target']]])('needs one scenario that there is: %j', (words) => {
    expect(() => scenarioNamed(words)).toThrow(/allowed: one of smoke, target, spike/);
  });

  it('takes the scenario that there is', () => expect(scenarioNamed(['target'])).toBe('target'));
});
