import { describe, expect, it } from 'vitest';
import type { CosmosOperation } from '../../../fixtures/contoso/azure/cosmos/types.ts';
import { createRuMeter } from '../../../fixtures/contoso/ru-meter.ts';
import type { State } from '../../../fixtures/contoso/state.ts';
import { liveTable, showLive } from '../../../scripts/local-live.ts';

const origin = (name: string, enabled: boolean, healthy: boolean) => ({ name, enabled, healthy, weight: 50, priority: 1 });
const stamp = (name: string, states: readonly string[], inRotation = true) => ({
  name,
  region: name,
  plan: 'plan',
  cosmos: 'shop',
  inRotation,
  slots: [{ slot: 'production', build: 'good', instances: states.map((state, i) => ({ id: `i-${i}`, state, active: 0 })) }],
});

/** As much of the state as the table shows. */
const state = {
  stamps: [
    stamp('weu', ['warm', 'starting']),
    stamp('eus', ['warm']),
    stamp('sea', ['warm'], false),
    stamp('dark', ['warm']),
    stamp('lost', []),
  ],
  plans: [{ name: 'plan', instances: [{ cpuPercent: 12.4, queueLength: 0 }, { queueLength: 7 }] }],
  cosmosAccounts: [{ account: 'shop', ruPerSecond: { weu: 123.4 } }],
  frontDoor: {
    origins: [origin('weu', true, true), origin('eus', true, false), origin('sea', true, true), origin('dark', false, true)],
  },
} as unknown as State;

describe('the live state', () => {
  it('has a row a stamp: instances, the busiest one, RU/s of its region, health', () => {
    expect(liveTable(state)).toEqual([
      '  stamp  build  instances  CPU   queue  RU/s  health',
      '  weu    good   1/2        12 %  7      123   healthy',
      '  eus    good   1/1        12 %  7      –     unhealthy',
      '  sea    good   1/1        12 %  7      –     out of rotation',
      '  dark   good   1/1        12 %  7      –     no traffic',
      '  lost   good   0/0        12 %  7      –     no traffic',
    ]);
  });

  it('is drawn over itself, and stops when told', async () => {
    const written: string[] = [];
    const stop = showLive(() => state, { write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    stop();
    expect(written[0]).not.toContain('\u001b[6A');
    expect(written[1]?.startsWith('\u001b[6A\u001b[J')).toBe(true);
    const drawn = written.length;
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(written).toHaveLength(drawn);
  });
});

describe('request units a second', () => {
  it('are the average of the last five whole seconds, by region', () => {
    let tell: (operation: CosmosOperation) => void = () => undefined;
    let now = 100_000;
    const onOperation = (listener: typeof tell) => {
      tell = listener;
      return () => undefined;
    };
    const meter = createRuMeter({ onOperation }, { now: () => now });
    const spend = (at: number, region: string, requestCharge: number) => tell({ at, region, requestCharge } as CosmosOperation);
    for (let second = 90; second < 100; second += 1) spend(second * 1_000 + 500, 'weu', 10);
    spend(99_000, 'eus', 50);
    // The second that runs does not count yet.
    spend(100_000, 'weu', 1_000);
    expect([meter.perSecond('weu'), meter.perSecond('eus'), meter.perSecond('sea')]).toEqual([10, 10, 0]);
    now = 106_000;
    expect(meter.perSecond('weu')).toBe(0);
  });
});
