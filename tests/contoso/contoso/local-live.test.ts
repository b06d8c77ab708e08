import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CosmosOperation } from '../../../fixtures/contoso/azure/cosmos/types.ts';
import { createRuMeter } from '../../../fixtures/contoso/ru-meter.ts';
import type { State } from '../../../fixtures/contoso/state.ts';
import { liveRows, liveTable, showLive } from '../../../scripts/local-live.ts';

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

  it.each([
    ['before the first minute has ended', { instances: [{ queueLength: 0 }] }, '–', '0'],
    ['while it starts', undefined, '–', '–'],
  ])('says what it does not know %s', (_when, plan, cpu, queue) => {
    const unknown = {
      ...state,
      stamps: state.stamps.slice(0, 1),
      plans: plan ? [{ name: 'plan', ...plan }] : [],
    } as unknown as State;
    expect(liveRows(unknown)[0]?.slice(3, 5)).toEqual([cpu, queue]);
  });
});

const escapeCode = String.fromCharCode(27);
const sequences = new RegExp(`${escapeCode}\\[\\d*[A-Za-z]|[^]`, 'g');

/** What a terminal of this width shows after all that was written: lines wrap, and the cursor goes up as told. */
function screen(written: readonly string[], columns: number): string[] {
  const rows: string[] = [''];
  let row = 0;
  const put = (character: string) => {
    if ((rows[row] ?? '').length === columns) row += 1;
    rows[row] = (rows[row] ?? '') + character;
  };
  for (const [part] of written.join('').matchAll(sequences)) {
    const [, count, command] = /^.\[(\d*)([A-Za-z])$/.exec(part) ?? [];
    if (part === '\n') rows[++row] ??= '';
    else if (command === undefined) put(part);
    else if (command === 'A') row = Math.max(0, row - Number(count || 1));
    else if (command === 'J') rows.splice(row, rows.length, '');
    else if (command !== 'm') throw new Error(`no terminal of ours knows ${command}`);
  }
  return rows.slice(0, -1);
}

describe('the live view on a terminal', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Shows one state after the other, a second each. */
  function shown(states: readonly State[], columns: number) {
    const written: string[] = [];
    let current = 0;
    const out = { columns, write: (text: string) => written.push(text) > 0 };
    const stop = showLive(() => states[current] as State, out);
    for (current = 1; current < states.length; current += 1) vi.advanceTimersByTime(1_000);
    current = states.length - 1;
    return { written, stop };
  }
  const withStamps = (count: number) => ({ ...state, stamps: state.stamps.slice(0, count) }) as State;

  it('shows the newest state alone, as stamps join and leave', () => {
    const { written } = shown([withStamps(1), withStamps(5), withStamps(2)], 80);
    expect(screen(written, 80)).toEqual(liveTable(withStamps(2)));
    expect(written).toHaveLength(3);
  });

  it('leaves what stands above it', () => {
    const { written } = shown([state, state], 80);
    expect(screen(['Ctrl-C stops it.\n', ...written], 80)).toEqual(['Ctrl-C stops it.', ...liveTable(state)]);
  });

  it.each([20, 40, 60])('cuts lines that would wrap, in %i columns', (columns) => {
    const { written } = shown([state, state, state], columns);
    expect(screen(written, columns)).toEqual(liveTable(state).map((line) => line.slice(0, columns - 1)));
  });

  it('stops when told', () => {
    const { written, stop } = shown([state], 80);
    stop();
    vi.advanceTimersByTime(5_000);
    expect(written).toHaveLength(1);
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
