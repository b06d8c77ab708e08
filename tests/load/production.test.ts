import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { environmentSchema } from '../../fixtures/environments/schema.ts';
import { permitActions } from '../../load/control/permit.ts';
import { loadTargets, parseEnvironment } from '../../load/k6/environment.ts';
import { objectiveThresholds } from '../../load/k6/options.ts';
import type { Permit } from '../../load/k6/permit.ts';
import { trafficOf } from '../../load/k6/traffic.ts';
import { withShared } from '../../load/production.ts';
import { type LoadOptions, wantedOf } from '../../load/run.ts';
import { resourceIdsOf } from '../../scripts/resource-ids.ts';

const text = readFileSync(join(__dirname, '../../fixtures/environments/local.json'), 'utf8');
type Part = Record<string, unknown>;
type Document = Part & { plans: Part[]; cosmosAccounts: Part[]; stamps: Part[] };
const local = () => JSON.parse(text) as Document;

const isProduction = (d: Document) => ({ ...d, production: true });
const sharesPlan = (d: Document) => ({ ...d, plans: [{ ...d.plans[0], servesProduction: true }, d.plans[1]] });
const sharesCosmos = (d: Document) => ({ ...d, cosmosAccounts: [{ ...d.cosmosAccounts[0], servesProduction: true }] });

const nowMs = Date.parse('2026-11-24T02:30:00Z');
const inTime = '2026-11-24T02:00Z/2026-11-24T04:00Z';
const allowed = { window: inTime, confirm: 'local', durationSeconds: 60, nowMs };

const targets = (change: (d: Document) => object, target?: string, permit: Permit = { nowMs }) =>
  loadTargets(parseEnvironment(JSON.stringify(change(local())), {}), target, permit).map(({ name }) => name);

describe('load that production feels', () => {
  it.each([
    { title: 'a production environment', change: isProduction },
    { title: "production's slot", change: isProduction, target: 'eastus-staging' },
    { title: "a stamp on production's plan", change: sharesPlan, target: 'westeurope' },
    { title: "a slot on production's plan", change: sharesPlan, target: 'westeurope-staging' },
    { title: "a stamp on production's Cosmos account", change: sharesCosmos, target: 'eastus' },
    { title: 'the global endpoint above such a stamp', change: sharesPlan, target: 'global' },
    { title: 'all targets, one of which shares', change: sharesPlan },
  ])('is refused without window and confirmation: $title', ({ change, target }) => {
    expect(() => targets(change, target)).toThrow(/production, or what shares its plan or database/);
    expect(() => targets(change, target)).toThrow(/--window: got nothing[\s\S]*--confirm: got nothing/);
    expect(targets(change, target, allowed)).not.toHaveLength(0);
  });

  it.each([
    { title: 'a stamp with a plan of its own', target: 'eastus' },
    { title: 'the slot of such a stamp', target: 'eastus-staging' },
  ])('is not $title', ({ target }) => expect(targets(sharesPlan, target)).toEqual([target]));

  it.each([
    { title: 'its name is not confirmed', permit: { confirm: 'prod' }, told: /--confirm: got prod; allowed: .* local$/ },
    {
      title: 'the window is over',
      permit: { nowMs: Date.parse('2026-11-24T04:00:01Z') },
      told: /--window: .* allowed: a window that holds the whole run, 2026-11-24T04:00:01.000Z to 2026-11-24T04:01:01/,
    },
    { title: 'the window has not begun', permit: { nowMs: nowMs - 3_600_000 }, told: /--window/ },
    { title: 'the run outlasts the window', permit: { durationSeconds: 5_401 }, told: /--window/ },
    { title: 'the window ends before it begins', permit: { window: inTime.split('/').reverse().join('/') }, told: /earlier one/ },
    { title: 'the window has no zone', permit: { window: inTime.replaceAll('Z', '') }, told: /times with their zone/ },
    { title: 'the window has no end', permit: { window: inTime.slice(0, 17) }, told: /times with their zone/ },
    { title: 'the window has a third time', permit: { window: `${inTime}/${inTime}` }, told: /times with their zone/ },
    { title: 'the window is a word', permit: { window: 'now/later' }, told: /times with their zone/ },
  ])('is refused when $title', ({ permit, told }) => {
    expect(() => targets(isProduction, undefined, { ...allowed, ...permit })).toThrow(told);
  });

  it('fits a window to its last second, in any zone', () => {
    const window = '2026-11-24T03:30+01:00/2026-11-23T21:31-05:00';
    expect(targets(isProduction, 'eastus', { ...allowed, window })).toEqual(['eastus']);
  });

  it('is a smoke test on a slot alone that needs no window', () => {
    const smoke = { nowMs, isSmoke: true };
    expect(targets(isProduction, 'eastus-staging', smoke)).toEqual(['eastus-staging']);
    expect(() => targets(isProduction, 'eastus', smoke)).toThrow(/--window/);
  });

  it('buys nothing with real money, whatever the window', () => {
    const live = (d: Document) => ({ ...isProduction(d), payment: 'live', allowLiveCheckout: true });
    expect(() => targets(live, undefined, allowed)).toThrow(/load.mix.checkout: got checkouts where payment is live/);
  });

  it('ends a run by its objectives; what stands apart from it goes on', () => {
    const environment = parseEnvironment(text, {});
    const traffic = trafficOf({ scenario: 'target', environment, targets: [] });
    const rules = (abort: boolean) => Object.values(objectiveThresholds('target', environment, traffic, abort)).flat();
    const ending = rules(true).filter((rule) => typeof rule !== 'string');
    expect(ending).toEqual(
      [`p(95)<=200`, `rate<=0.01`, `rate>=0.99`].map((threshold) => ({ threshold, abortOnFail: true, delayAbortEval: '10s' })),
    );
    expect(rules(false).every((rule) => typeof rule === 'string')).toBe(true);
    const breaking = (abort: boolean) => objectiveThresholds('breakpoint', environment, traffic, abort);
    expect(breaking(false)).toEqual({});
    expect(Object.values(breaking(true)).flat()).toContainEqual(ending[0]);
  });

  it.each([
    ['production', isProduction, undefined, true],
    ['what shares its plan', sharesPlan, 'westeurope', true],
    ['the global endpoint before such a plan', sharesPlan, 'global', true],
    ['what stands apart', sharesPlan, 'eastus', false],
  ] as const)('guards %s', (_what, change, target, guarded) => {
    const environment = environmentSchema.parse(change(local()));
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    const permit = { window: `${at(-1_000)}/${at(120_000)}`, confirm: 'local' };
    expect(wantedOf({ environment, scenario: 'target', target, ...permit }).guarded).toBe(guarded);
  });

  it('is refused before a run by its own duration', () => {
    const environment = environmentSchema.parse(isProduction(local()));
    const soon = new Date(Date.now() + 120_000).toISOString();
    const window = `${new Date(Date.now() - 60_000).toISOString()}/${soon}`;
    const wanted = (change: Partial<LoadOptions>) =>
      wantedOf({ environment, scenario: 'target', window, confirm: 'local', ...change });
    expect(wanted({}).durationSeconds).toBe(60);
    expect(() => wanted({ durationSeconds: 180 })).toThrow(/a window that holds the whole run/);
    expect(() => wanted({ scenario: 'soak' })).toThrow(/a window that holds the whole run/);
  });
});

describe("production's own resources", () => {
  it('are not known while a file beside can’t be read, so that nothing is loaded', () => {
    const beside = mkdtempSync(join(tmpdir(), 'environments-'));
    try {
      writeFileSync(join(beside, 'draft.json'), '{ "production": true,');
      expect(() => withShared(environmentSchema.parse(local()), {}, [beside])).toThrow(
        /draft\.json has a fault:\n {2}got no JSON that can be read/,
      );
      writeFileSync(join(beside, 'draft.json'), '\uFEFF{}');
      expect(() => withShared(environmentSchema.parse(local()), {}, [beside])).not.toThrow();
      writeFileSync(join(beside, 'tsconfig.json'), '{ // no environment\n}');
      writeFileSync(join(beside, 'null.json'), 'null');
      expect(() => withShared(environmentSchema.parse(local()), {}, [beside])).not.toThrow();
    } finally {
      rmSync(beside, { recursive: true });
    }
  });

  const folder = mkdtempSync(join(tmpdir(), 'environments-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const id = '/subscriptions/${SUBSCRIPTION}/resourceGroups/Shop/providers/Microsoft.Web/serverfarms/plan';
  const withId = (resourceId: string, production: boolean) => ({
    ...local(),
    production,
    plans: [
      { ...local().plans[0], resourceId },
      { ...local().plans[1], resourceId: undefined },
    ],
    cosmosAccounts: [{ ...local().cosmosAccounts[0], resourceId: undefined }],
  });
  writeFileSync(join(folder, 'production.json'), JSON.stringify(withId(id, true)));
  const others = id.replace('${SUBSCRIPTION}', 'other');
  writeFileSync(join(folder, 'devtest.json'), JSON.stringify(withId(others, false)));

  it.each([
    { title: 'the same id in another case', resourceId: id.toUpperCase().replace('${SUBSCRIPTION}', 'S-1'), shared: true },
    { title: 'the same id by the same unset variable', resourceId: id, variables: {}, shared: true },
    { title: 'another subscription', resourceId: id.replace('${SUBSCRIPTION}', 's-2'), shared: false },
    { title: 'an id that only a test environment names', resourceId: others, shared: false },
    { title: 'no id', resourceId: undefined, shared: false },
  ])('are known by their ARM id: $title', ({ resourceId, variables = { SUBSCRIPTION: 's-1' }, shared }) => {
    const environment = environmentSchema.parse(withId(resourceId as string, false));
    const marked = withShared(environment, variables, [folder]);
    expect(marked.plans.map(({ servesProduction }) => servesProduction)).toEqual([shared, false]);
    expect(marked.cosmosAccounts[0]?.servesProduction).toBe(false);
  });

  it('are looked for beside the file that is run, wherever it lies', () => {
    const environment = environmentSchema.parse(withId(others, false));
    const wish = { environment, scenario: 'target', target: 'westeurope' } as const;
    const elsewhere = mkdtempSync(join(tmpdir(), 'environments-'));
    const nameOrPath = join(elsewhere, 'preprod.json');
    try {
      expect(wantedOf({ ...wish, nameOrPath }).guarded).toBe(false);
      writeFileSync(join(elsewhere, 'production.json'), JSON.stringify(withId(others, true)));
      expect(() => wantedOf({ ...wish, nameOrPath })).toThrow(
        /shares its plan or database: westeurope[\s\S]*--window: got nothing/,
      );
      const action = { kind: 'instances', plan: environment.plans[0]?.name ?? '', count: 2 } as const;
      const permits = (path?: string) => permitActions(environment, [action], resourceIdsOf(environment), {}, path);
      expect(() => permits(nameOrPath)).toThrow(/--window: got nothing/);
      expect(() => permits()).not.toThrow();
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });
});
