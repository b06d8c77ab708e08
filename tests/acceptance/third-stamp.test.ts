import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Environment, Stamp } from '../../fixtures/environments/schema.ts';
import { targetsOf } from '../../fixtures/environments/targets.ts';
import { runLoad, wantedOf } from '../../load/run.ts';
import type { LoadVerdict } from '../../load/verdict/verdict.ts';
import type { RunReport } from '../../pages/report/run-report.ts';
import { writeReport } from '../../pages/report/write.ts';
import { renderRun } from '../../pages/terminal.ts';
import { type JourneyRound, runJourneys } from '../../scripts/playwright-run.ts';
import type { TestStore } from '../support/store.ts';
import { command } from './process.ts';
import { received, startNamedStore } from './support.ts';

interface Row {
  readonly what: string;
  readonly stamp: Pick<Stamp, 'name' | 'region' | 'plan'> & Partial<Stamp>;
  /** A new region has a plan of its own, and the stamp's Cosmos account must have it, too. */
  readonly newRegion?: string;
  readonly targets: readonly string[];
  readonly takesLoad: boolean;
}

const slots = [{ name: 'staging', endpoint: 'https://localhost:8449', headers: {} }];

const rows: readonly Row[] = [
  {
    what: 'in a new region',
    stamp: { name: 'northeurope', region: 'northeurope', plan: 'plan-northeurope', slots },
    newRegion: 'northeurope',
    targets: ['northeurope', 'northeurope-staging'],
    takesLoad: true,
  },
  {
    what: 'in an old region, green and on standby',
    stamp: { name: 'eastus-green', region: 'eastus', plan: 'plan-eastus', role: 'standby', slots: [] },
    targets: ['eastus-green'],
    takesLoad: false,
  },
];

/** One entry; in a new region also its plan, and the region where the Cosmos account has to be. */
const withThird =
  ({ stamp, newRegion }: Row) =>
  (environment: Environment): Environment => {
    const third = { ...environment.stamps[0], endpoint: 'https://localhost:8448', ...stamp } as Stamp;
    const cosmosAccounts = environment.cosmosAccounts.map((account) =>
      newRegion ? { ...account, regions: [...account.regions, newRegion] } : account,
    );
    const [first] = environment.plans;
    const plans = newRegion && first ? [...environment.plans, { ...first, name: third.plan }] : environment.plans;
    // What is tested is that it appears; on a busy machine nothing is as fast as it should be.
    const budgets = { ...environment.budgets, requestMs: 15_000, journeyMs: 40_000 };
    const objectives = { ...environment.objectives, replicationMs: 15_000 };
    return { ...environment, stamps: [...environment.stamps, third], plans, cosmosAccounts, budgets, objectives };
  };

describe.each(rows)('a third stamp $what', (row) => {
  let store: TestStore;
  let folder: string;
  let round: JourneyRound;
  let load: LoadVerdict;
  let report: RunReport;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'third-stamp-'));
    store = await startNamedStore(`third-${row.stamp.name}`, { change: withThird(row) });
    const { environment, environmentFile: nameOrPath, caFile } = store;
    round = await runJourneys(environment, nameOrPath, join(folder, 'results.json'), new AbortController().signal);
    const options = { environment, nameOrPath, scenario: 'target', ratePerSecond: 20, durationSeconds: 3 } as const;
    load = await runLoad({ ...options, runDirectory: folder, caFile });
    const at = { run: 'third', startedAt: new Date(0).toISOString(), endedAt: new Date(1).toISOString() };
    const { results, delivery, faults } = round;
    report = { ...at, environment: environment.name, results, delivery, faults, notes: [], load, exitCode: 0 };
    writeReport(folder, report);
  });
  afterAll(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is a target with its slots', () => {
    expect(targetsOf(store.environment).map(({ name }) => name)).toEqual(expect.arrayContaining([...row.targets]));
    expect(targetsOf(store.environment)).toHaveLength(5 + row.targets.length);
  });

  it('is a tag in Playwright', async () => {
    const cli = require.resolve('@playwright/test/cli');
    const list = (tag: string) =>
      command(process.execPath, [cli, 'test', '--list', '--grep', `${tag}\\b`], { TARGET_ENV: store.environmentFile }).ended;
    const { output } = await list(`@${row.stamp.name}`);
    for (const journey of ['browse', 'checkout', 'across-regions']) expect(output).toContain(`${row.stamp.name} › ${journey}`);
    expect(output).not.toContain('westeurope ›');
  });

  it('has results, all passed, and the others read there what they wrote', () => {
    expect(round.results.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    const own = round.results.filter(({ target }) => target.stamp === row.stamp.name);
    expect(own).toHaveLength(8 * row.targets.length);
    expect(new Set(own.map(({ servedBy }) => servedBy?.stamp))).toEqual(new Set([row.stamp.name]));
    const across = round.results.find(({ journey, target }) => journey === 'across-regions' && target.name === 'westeurope');
    const steps = across?.steps.map(({ name }) => name);
    expect(steps?.includes(`read in ${row.stamp.name}`)).toBe(row.newRegion !== undefined);
  });

  it('is in Application Insights', async () => {
    const { items } = await received(store, 'Availability');
    const own = items.filter(({ envelope }) => envelope.data.baseData.properties.stamp === row.stamp.name);
    expect(own).toHaveLength(8 * row.targets.length);
    for (const { envelope } of own) expect(envelope.data.baseData.properties.region).toBe(row.stamp.region);
  });

  it('stands in the table, the page and JUnit', () => {
    const table = renderRun(report, false);
    const [page, junit] = ['report.html', 'junit.xml'].map((file) => readFileSync(join(folder, file), 'utf8'));
    for (const target of row.targets) {
      expect(table).toMatch(new RegExp(`│ ${target} +│`));
      expect(page).toContain(`<th scope="col">${target}</th>`);
      expect(junit).toContain(`<testsuite name="${target}"`);
    }
  });

  it(row.takesLoad ? 'takes its share of the load' : 'takes no load, as a standby', async () => {
    expect(wantedOf({ environment: store.environment, scenario: 'target' }).targets.includes(row.stamp.name)).toBe(row.takesLoad);
    expect(load.targets.includes(row.stamp.name)).toBe(row.takesLoad);
    expect(load.requests).toBeGreaterThan(20);
    const { items } = await received(store, 'Request');
    const since = Date.parse(load.startedAt);
    const served = items.filter(
      ({ envelope: { time, data } }) =>
        Date.parse(time) >= since &&
        data.baseData.properties.stamp === row.stamp.name &&
        data.baseData.properties.slot === undefined &&
        data.baseData.name === 'GET /api/products',
    );
    expect(served.length > 0).toBe(row.takesLoad);
  });
});
