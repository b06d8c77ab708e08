import { evaluate } from '../health/evaluate.ts';
import type { ModelNode, SignalNode } from '../health/expand.ts';
import { seriesBins, seriesKey } from '../health/series.ts';
import { signals, thresholdOf } from '../health/thresholds.ts';
import { type BenchRow, fewestPairs, rowOf } from './rows.ts';

const [componentCount, signalsEach] = [1_000, 10];

/** The median of evaluations of 1,000 components with 10,000 signals, a few of them bad, in milliseconds. */
export function benchHealthEvaluate(): Promise<BenchRow> {
  const { model, series } = large();
  const nowMs = Date.UTC(2026, 10, 23, 14);
  const measured = Array.from({ length: fewestPairs * 3 }, () => {
    const began = performance.now();
    const { nodes } = evaluate(model, series, nowMs);
    const took = performance.now() - began;
    if (nodes.at(-1)?.state !== 'degraded') throw new Error('the picture is not what its signals say');
    return took;
  });
  return Promise.resolve(rowOf('health-evaluate', 'ms', measured.slice(fewestPairs), { atMost: 20 }));
}

function large() {
  const series = new Map<string, Float64Array>();
  const components = Array.from({ length: componentCount }, (_, i): ModelNode => {
    const own = Array.from({ length: signalsEach }, (_unused, k): SignalNode => {
      const signal = signals[k] ?? 'cpuPercent';
      const { degradedAt, unhealthyAt, direction, windowMinutes } = thresholdOf(signal);
      const isBad = i % 50 === 0 && k === 3;
      const step = direction === 'higher' ? -1 : 1;
      const value = isBad ? (degradedAt + unhealthyAt) / 2 : degradedAt + step;
      series.set(seriesKey(signal, `s${i}`), new Float64Array(seriesBins()).fill(value));
      return { id: `c${i}:${k}`, signal, scope: `s${i}`, weight: 1, windowMinutes, everyMinutes: 1 };
    });
    return node(`c${i}`, 'component', own, []);
  });
  const stamps = Array.from({ length: componentCount / 10 }, (_, i) =>
    node(
      `stamp${i}`,
      'stamp',
      [],
      Array.from({ length: 10 }, (_unused, k) => `c${i * 10 + k}`),
    ),
  );
  return {
    series,
    model: [
      ...components,
      ...stamps,
      node(
        'store',
        'store',
        [],
        stamps.map(({ id }) => id),
      ),
    ],
  };
}

const node = (id: string, kind: ModelNode['kind'], own: readonly SignalNode[], children: readonly string[]): ModelNode => ({
  id,
  kind,
  title: id,
  rule: 'worst',
  signals: own,
  children: children.map((child) => ({ id: child, weight: 1 })),
  explainedBy: [],
});
