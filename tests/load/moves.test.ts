import { describe, expect, it } from 'vitest';
import { loadEnvironment } from '../../fixtures/environments/load.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { createConductor, eventsOf } from '../../load/control/conductor.ts';
import { movesOf, type PlannedMove } from '../../load/control/moves.ts';
import { actedTarget } from '../../load/k6/acted.ts';
import { wantedOf } from '../../load/run.ts';

const local = loadEnvironment('local', {});
const preprod = loadEnvironment('local-preprod', {});
type Stamp = Environment['stamps'][number];
const stamp = (name: string, region: string, change: Partial<Stamp> = {}): Stamp => ({
  ...(local.stamps[0] as Stamp),
  name,
  region,
  endpoint: `https://${name}.example`,
  ...change,
});
const withStamps = (...stamps: Stamp[]): Environment => ({ ...local, stamps });

describe('what a scenario does to the store', () => {
  it.each(['target', 'smoke', 'soak', 'cosmos-ru'] as const)('is nothing for %s', (scenario) => {
    expect(movesOf(scenario, local)).toEqual([]);
  });

  it('swaps the slot of the first stamp that has one, or of the target', () => {
    expect(movesOf('swap', local)).toMatchObject([
      { name: 'swap', actions: [{ kind: 'swap', stamp: 'westeurope', slot: 'staging' }] },
    ]);
    expect(movesOf('swap', local, {}, 'eastus')).toMatchObject([{ actions: [{ stamp: 'eastus' }] }]);
  });

  it('takes a whole region out, and in again', () => {
    const environment = withStamps(stamp('blue', 'weu'), stamp('red', 'weu'), stamp('a', 'eus'), stamp('b', 'eus'));
    const [leaves, returns] = movesOf('failover', environment, { blue: 50, red: 50, a: 75, b: 25 }) as PlannedMove[];
    expect(leaves).toEqual({
      name: 'weu leaves',
      at: 1 / 4,
      actions: ['blue', 'red'].map((name) => ({ kind: 'origin', stamp: name, enabled: false })),
      gone: ['blue', 'red'],
      weights: [{ a: 75, b: 25 }],
    });
    expect(returns?.actions.every((action) => action.kind === 'origin' && action.enabled === true)).toBe(true);
    expect(returns?.weights).toEqual([
      { blue: 50, red: 50 },
      { a: 75, b: 25 },
    ]);
  });

  it('moves 10, 50 and 100 % to the new stamp, the old ones by their weights', () => {
    const green = stamp('green', 'weu', { role: 'standby' });
    const environment = withStamps(stamp('blue', 'weu'), stamp('red', 'weu'), stamp('far', 'eus'), green);
    const moves = movesOf('shift', environment, { blue: 75, red: 25 });
    expect(moves.map(({ name, weights }) => [name, weights])).toEqual([
      ['shift to 10 %', [{ green: 100, blue: 675, red: 225 }]],
      ['shift to 50 %', [{ green: 500, blue: 375, red: 125 }]],
      ['shift to 100 %', undefined],
    ]);
    expect(moves[2]).toMatchObject({
      gone: ['blue', 'red'],
      actions: [{ stamp: 'green', enabled: true, weight: 1_000 }, { enabled: false }, { enabled: false }],
    });
    // On the way to a step the new stamp never has more than the step's share.
    expect(moves[0]?.actions.map(({ kind, ...rest }) => rest)).toEqual([
      { stamp: 'blue', weight: 675 },
      { stamp: 'red', weight: 225 },
      { stamp: 'green', enabled: true, weight: 100 },
    ]);
  });

  it.each([
    ['swap', withStamps(stamp('a', 'weu', { slots: [] })), /target: got no active stamp with a slot/],
    ['failover', preprod, /stamps: got active ones in westeurope alone; allowed: active stamps in two regions/],
    ['shift', local, /stamps: got none on standby/],
    ['shift', withStamps(stamp('a', 'weu'), stamp('g', 'eus', { role: 'standby' })), /stamps: got no active one in eus/],
  ] as const)('is refused where there is nothing to do it to: %s', (scenario, environment, told) => {
    expect(() => movesOf(scenario, environment)).toThrow(told);
  });
});

describe('the load of such a scenario', () => {
  it.each([
    ['swap', local, undefined, 'westeurope'],
    ['swap', local, 'eastus', 'eastus'],
    ['failover', local, undefined, 'global'],
    ['shift', preprod, preprod.global?.endpoint, preprod.global?.endpoint],
    ['target', local, undefined, undefined],
    ['target', local, 'eastus', 'eastus'],
  ] as const)('goes where it is felt: %s', (scenario, environment, wanted, target) => {
    expect(actedTarget(scenario, environment, wanted)).toBe(target);
  });

  it.each([
    ['swap', { ...local }, 'global', /target: got global/],
    ['swap', { ...local }, 'westeurope-staging', /target: got westeurope-staging; allowed: westeurope, eastus/],
    ['failover', { ...local }, 'eastus', /target: got eastus; allowed: one of global/],
    ['failover', { ...local, global: undefined }, undefined, /global: got nothing/],
  ] as const)('goes nowhere else: %s to %o', (scenario, environment, wanted, told) => {
    expect(() => actedTarget(scenario, environment as Environment, wanted)).toThrow(told);
  });

  it.each([
    ['swap', 60, 30],
    ['failover', 60, 40],
    ['shift', 60, 60],
    ['shift', 600, 30],
  ] as const)('lasts as long as the control plane of a local store needs: %s ×%d', (scenario, timeScale, seconds) => {
    const at = scenario === 'shift' ? preprod : local;
    const environment = { ...at, local: { ...at.local, timeScale } } as Environment;
    expect(wantedOf({ environment, scenario }).durationSeconds).toBe(seconds);
    expect(wantedOf({ environment, scenario, durationSeconds: 17 }).durationSeconds).toBe(17);
  });

  it('lasts as long as Azure needs elsewhere', () => {
    const { local: _, ...azure } = local;
    expect([
      wantedOf({ environment: azure, scenario: 'failover' }).durationSeconds,
      wantedOf({ environment: local, scenario: 'target' }).durationSeconds,
    ]).toEqual([2_400, 60]);
  });
});

describe('the conductor', () => {
  const planned = movesOf('shift', preprod);
  const conducted = (act: (did: string[]) => Promise<void> = () => Promise.resolve(), failed: string[] = []) => {
    const did: string[] = [];
    const conductor = createConductor({
      moves: () => Promise.resolve(planned),
      act: async (action) => {
        if (action.kind === 'origin') did.push(`${action.stamp} ${action.enabled ?? ''} ${action.weight ?? ''}`);
        await act(did);
      },
      putBack: () => {
        did.push('back');
        return Promise.resolve({ done: [], failed });
      },
      timeScale: 60,
    });
    return { conductor, did };
  };
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  it('does each move at its time, once, and puts back at the end', async () => {
    const { conductor, did } = conducted();
    const startMs = Date.now();
    conductor.begin(startMs, 0.3);
    conductor.begin(startMs, 0.3);
    await until(() => did.length === 6);
    const control = await conductor.end();
    expect(did).toHaveLength(7);
    expect(did.at(-1)).toBe('back');
    expect(control.moves.map(({ name }) => name)).toEqual(['shift to 10 %', 'shift to 50 %', 'shift to 100 %']);
    control.moves.forEach(({ askedAtMs }, index) => {
      expect(askedAtMs - startMs).toBeGreaterThanOrEqual((planned[index]?.at ?? 0) * 300 - 2);
    });
    expect(eventsOf(control).map(({ name }) => name)).toEqual([
      ...planned.flatMap(({ name }) => [name, `${name}: done`]),
      'put back',
    ]);
  });

  it('begins nothing after the end, and waits for what is under way', async () => {
    const finish: (() => void)[] = [];
    const { conductor, did } = conducted(() => new Promise((resolve) => finish.push(resolve)));
    conductor.begin(Date.now(), 0.1);
    await until(() => did.length === 1);
    const ending = conductor.end();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(did).toHaveLength(1);
    const finishing = setInterval(() => finish.pop()?.(), 1);
    const { moves } = await ending;
    clearInterval(finishing);
    expect([moves.length, did.filter((what) => what === 'back').length, did.at(-1)]).toEqual([1, 1, 'back']);
  });

  it('puts back though load never began', async () => {
    const { conductor, did } = conducted();
    expect(await conductor.end()).toEqual({ moves: [], timeScale: 60, notPutBack: [] });
    expect(did).toEqual(['back']);
  });

  it('stops at a move that fails, and says why', async () => {
    let asked = false;
    const refused = () => {
      asked = true;
      return Promise.reject(new Error('403 Forbidden'));
    };
    const { conductor } = conducted(refused, ['origin blue: 403 Forbidden']);
    conductor.begin(Date.now(), 0.01);
    await until(() => asked);
    const control = await conductor.end();
    expect(control).toMatchObject({
      moves: [{ name: 'shift to 10 %', failed: '403 Forbidden' }],
      notPutBack: ['origin blue: 403 Forbidden'],
    });
    expect(eventsOf(control).map(({ name, detail }) => `${name} ${detail}`)).toContain('shift to 10 %: stopped 403 Forbidden');
    expect(eventsOf(control).at(-1)).toMatchObject({ name: 'not put back', detail: 'origin blue: 403 Forbidden' });
  });
});
