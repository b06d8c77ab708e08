import { describe, expect, it } from 'vitest';
import { attribute, attributedSeconds } from '../../load/verdict/attribution.ts';
import { chartsOf, clockOf, spanOf } from '../../pages/time-axis.ts';
import { observed } from '../load/sample-load.ts';
import { sampleLoad } from '../support/sample-run.ts';

const start = Date.UTC(2026, 0, 5);
const second = (at: number, more: object = {}) => ({ atMs: start + at * 1000, requests: 60, failed: 0, ...more });
const load = sampleLoad({
  seconds: [
    second(0, { p50Ms: 10, p95Ms: 20, ru: 900 }),
    second(1, { failed: 3, layers: { cosmos: 2, network: 1 }, throttled: 2 }),
    second(3, { p50Ms: 12, p95Ms: 24, throttleRetries: 4 }),
  ],
  series: [
    {
      kind: 'cpu',
      of: 'plan-a',
      everyMs: 1000,
      points: [{ atMs: start, value: 40 }, { atMs: start + 1000 }, { atMs: start + 4000, value: 60 }],
    },
  ],
});
const chart = (id: string, of = load) => chartsOf(of).find((one) => one.id === id);
const pointsOf = (id: string, label: string) =>
  chart(id)
    ?.lines.find((line) => line.label === label)
    ?.points.map(([atMs, value]) => [(atMs - start) / 1000, value]);

describe('the time axis of a load run', () => {
  it('is one for all charts, from the first second to the end of the last', () => {
    expect(spanOf(load)).toEqual({ fromMs: start, toMs: start + 4000 });
  });

  it('breaks a line where k6 said nothing of a second, or of its latency', () => {
    expect(pointsOf('latency', 'p95')).toEqual([
      [0, 20],
      [1, null],
      [2, null],
      [3, 24],
    ]);
  });

  it('shows a jump of the wanted rate as one', () => {
    const corners = [
      [0, 5],
      [2, 5],
      [2, 40],
      [4, 40],
    ].map(([atSeconds = 0, ratePerSecond = 0]) => ({ atSeconds, ratePerSecond }));
    const wanted = chart('rate', { ...load, corners })?.lines.find(({ label }) => label === 'wanted')?.points;
    expect(wanted?.map(([atMs, value]) => [atMs - start, value])).toEqual([
      [0, 5],
      [2000, 5],
      [2001, 40],
      [4000, 40],
    ]);
  });

  it('has a line for each layer at fault', () => {
    expect(chart('errors')?.lines.map(({ label }) => label)).toEqual(['cosmos', 'network']);
    expect(pointsOf('errors', 'cosmos')).toEqual([
      [0, 0],
      [1, 2],
      [2, null],
      [3, 0],
    ]);
  });

  it('draws a metric as levels, and its holes as holes, named or not', () => {
    expect(pointsOf('cpu', 'plan-a')).toEqual([
      [0, 40],
      [0.999, 40],
      [1, null],
      [2, null],
      [4, 60],
      [4.999, 60],
    ]);
    expect(chart('cpu')?.holes).toEqual([
      { fromMs: start + 1000, toMs: start + 2000 },
      { fromMs: start + 2000, toMs: start + 4000 },
    ]);
  });

  it('shows what was refused beside what the store tried again', () => {
    expect(chart('429')?.lines.map(({ label }) => label)).toEqual(['refused', 'tried again by the store']);
  });

  it('leaves out charts of which nothing is known', () => {
    expect(chartsOf(sampleLoad()).map(({ id }) => id)).toEqual(['rate', 'latency']);
  });

  it.each([
    [0, '0:00'],
    [65, '1:05'],
    [-5, '−0:05'],
    [3600, '60:00'],
  ])('tells %d seconds as %s', (seconds, text) => expect(clockOf(seconds)).toBe(text));
});

describe('failures of a second', () => {
  const refusal = { name: 'GET /x', status: 429, layer: 'cosmos', code: '', external: '', byApp: true, retried: true, count: 2 };
  const failure = { atMs: start + 1000, failed: 3, refusals: [refusal], unanswered: { '1212': 1 } };
  const { samples, generator } = observed({
    samples: {
      failed: 3,
      refusals: [refusal],
      unanswered: { '1212': 1 },
      failureSeconds: [failure],
      seconds: [second(0), second(1, { failed: 3 })],
    },
  });

  it('are put down to layers in that second', () => {
    const seconds = attributedSeconds(samples, generator, attribute(samples, generator));
    expect(seconds[0]).not.toHaveProperty('layers');
    expect(seconds[1]).toMatchObject({ layers: { cosmos: 2, network: 1 }, throttled: 2 });
  });

  it('are of an unknown layer only where the run has such, whichever second they were told in', () => {
    const late = { ...samples, failureSeconds: [{ ...failure, failed: 4 }] };
    expect(attributedSeconds(late, generator, attribute(late, generator))[1]?.layers).toEqual({ cosmos: 2, network: 1 });
    const lost = { ...late, failed: 4 };
    expect(attributedSeconds(lost, generator, attribute(lost, generator))[1]?.layers).toEqual({
      cosmos: 2,
      network: 1,
      unknown: 1,
    });
  });
});
