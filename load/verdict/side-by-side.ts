import { type Baseline, compare, differences, fewestRuns, withRun } from './baseline.ts';
import type { BaselineComparison, LoadVerdict } from './verdict.ts';

/**
 * One run against one other. Two runs have no spread: that of the baseline, moved to where the first run stands, judges the
 * latencies; without it their changes are shown, and no more than RU is judged.
 */
export function sideBySide(first: LoadVerdict, second: LoadVerdict, baseline: Baseline | undefined): BaselineComparison {
  const alone = withRun(undefined, first);
  const fits = [baseline, alone].every((earlier) => earlier && differences(earlier, second).length === 0);
  if (baseline && baseline.runs.length >= fewestRuns && fits) {
    const spread = compare(moved(baseline, alone), second);
    return { ...spread, runs: baseline.runs.length };
  }
  const exact = compare(alone, second);
  const ru = new Set(exact.rows.map(({ name }) => name));
  return { ...exact, rows: [...exact.rows, ...plainRows(first, second).filter(({ name }) => !ru.has(name))] };
}

/** The baseline's runs, each metric scaled so that its mean is the first run's value: their spread, around that run. */
function moved({ runs, ...head }: Baseline, { runs: [first] }: Baseline): Baseline {
  const values = first?.metrics ?? {};
  const factors = Object.entries(values).flatMap(([name, value]): [string, number][] => {
    const known = runs.flatMap(({ metrics }) => metrics[name] ?? []);
    const mean = Math.exp(known.reduce((sum, one) => sum + Math.log(one), 0) / Math.max(1, known.length));
    return known.length > 0 && mean > 0 ? [[name, value / mean]] : [];
  });
  const scaled = (metrics: Readonly<Record<string, number>>) =>
    Object.fromEntries(
      factors.flatMap(([name, factor]) => (metrics[name] === undefined ? [] : [[name, metrics[name] * factor]])),
    );
  return { ...head, runs: runs.map((run) => ({ ...run, metrics: scaled(run.metrics) })) };
}

function plainRows(first: LoadVerdict, second: LoadVerdict): BaselineComparison['rows'] {
  const before = new Map((first.metrics ?? []).map(({ name, value }) => [name, value]));
  return (second.metrics ?? []).flatMap(({ name, unit, value }) => {
    const was = before.get(name);
    if (was === undefined || was === 0) return [];
    return [{ name, unit, before: was, now: value, changePercent: (value / was - 1) * 100, change: 'same' as const }];
  });
}
