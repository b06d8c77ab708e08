import { describe, expect, it } from 'vitest';
import { isTable, tables } from '../../fixtures/contoso/azure/monitor/tables.ts';
import { dependencies } from '../../fixtures/contoso/shop/dependencies.ts';
import { type DependencyName, dependencyTable } from '../../fixtures/environments/dependencies.ts';
import { journeyNames } from '../../fixtures/environments/journeys.ts';
import { expandModel } from '../../health/expand.ts';
import { gate } from '../../health/gate.ts';
import { components } from '../../health/model.ts';
import { changeRules, signals, thresholdOf } from '../../health/thresholds.ts';
import { journeys, resultAt } from './day.ts';
import { environments, tablesOf } from './situation.ts';
import { situations } from './situations.ts';

const ids = (name: keyof typeof environments) => expandModel(environments[name]).map(({ id }) => id);

describe('thresholds', () => {
  it.each(signals)('%s names columns that its table has', (signal) => {
    const { source } = thresholdOf(signal);
    if (!isTable(source.table)) throw new Error(`${source.table} is no table`);
    const columns = new Set([...Object.keys(tables[source.table]), 'Workspace']);
    const named = [
      ...source.where.map(([column]) => column),
      ...('column' in source.value ? [source.value.column] : source.value.when.map(([column]) => column)),
      ...source.scope,
      ...(source.id ?? []),
      ...(source.weight ? [source.weight] : []),
    ];
    for (const column of named) expect(columns, column).toContain(column.split('.')[0]);
  });

  it.each(signals)('%s has bands in the order of its direction', (signal) => {
    const { direction, degradedAt, unhealthyAt, shortMinutes, windowMinutes } = thresholdOf(signal);
    expect(Math.sign(unhealthyAt - degradedAt)).toBe(direction === 'higher' ? 1 : -1);
    expect(shortMinutes ?? 0).toBeLessThan(windowMinutes);
  });

  it.each(Object.entries(changeRules))('%s lets no bin both worsen and improve', (_, { worsen, improve, of }) => {
    expect(worsen + improve).toBeGreaterThan(of);
    expect(Math.max(worsen, improve)).toBeLessThanOrEqual(of);
  });
});

describe('the model', () => {
  it('names every dependency of the health check', () => {
    const probes = Object.values(components).flatMap(({ signals: of }) => of.map(({ scope }) => scope));
    for (const { name } of dependencies) expect(probes).toContain(`probe ${name}`);
  });

  it('and the health check read one table of what a failure means', () => {
    expect(dependencies.map(({ name }) => name)).toEqual(Object.keys(dependencyTable));
    const needed = [...components.api.signals, ...components.cosmos.signals];
    for (const { name, impact, timeLimitMs } of dependencies) {
      expect(dependencyTable[name as DependencyName]).toEqual({ impact, timeLimitMs });
      for (const { atMost } of needed.filter(({ scope }) => scope === `probe ${name}`))
        expect([name, atMost]).toEqual([name, impact === 'degrades' ? 'degraded' : undefined]);
    }
  });

  it.each(dependencies)('calls a stamp unhealthy where the health check does: $name', ({ name, impact }) => {
    const probes = dependencies.map((each) => ({ name: each.name, healthy: each.name !== name }));
    const passed = [...journeys, 'health'].map((journey) => resultAt({ journey, target: 'westeurope', minute: 0 }, undefined));
    const browse = gate({ rounds: passed.length, results: passed, probes }).find(({ flow }) => flow === 'browse');
    expect(browse?.state === 'unhealthy').toBe(impact === 'critical');
  });

  it('reads journeys that there are', () => {
    const read = expandModel(environments['two-regions']).flatMap(({ signals: of }) =>
      of.filter(({ signal }) => signal === 'journeyFailed'),
    );
    for (const { scope } of read) expect(journeyNames).toContain(scope.split('@')[0]);
  });

  it('has every child before its parents, and the store last', () => {
    const nodes = expandModel(environments['two-regions']);
    const seen = new Set<string>();
    for (const { id, children, explainedBy } of nodes) {
      for (const child of children) expect(seen, `${id} → ${child.id}`).toContain(child.id);
      for (const other of explainedBy) expect(nodes.map((node) => node.id)).toContain(other);
      expect(seen).not.toContain(id);
      seen.add(id);
    }
    expect(nodes.at(-1)?.id).toBe('store');
  });

  it('grows with a stamp, without other edits', () => {
    const [one, two] = [ids('one-stamp'), ids('two-regions')];
    expect(one.filter((id) => !two.includes(id))).toEqual([]);
    expect(two).toContain('flow:scale-out@eastus');
    expect(one).not.toContain('region:eastus');
  });
});

describe('situations', () => {
  it.each(situations.map((each) => [each.title, each] as const))('%s: names nodes and rows that there are', (_, situation) => {
    const known = ids(situation.environment ?? 'two-regions');
    for (const node of Object.keys(situation.states).flatMap((names) => names.split(' '))) expect(known).toContain(node);
    for (const table of Object.keys(tablesOf(situation))) expect(isTable(table)).toBe(true);
  });
});
