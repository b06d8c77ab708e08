interface Metric {
  readonly type: string;
  readonly values: Readonly<Record<string, number>>;
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
}

interface SummaryData {
  readonly metrics: Readonly<Record<string, Metric>>;
  /** What setup handed to the iterations: the shoppers' token is in it. */
  readonly setup_data?: unknown;
}

/** k6 says of no metric how many samples it has; a trend of real times is never all zeros. */
const isEmpty = ({ type, values }: Metric) => type !== 'counter' && Object.values(values).every((value) => value === 0);

/** What a person who ran plain `k6 run` reads at the end; the wrapper's verdict says more. */
function summaryText({ metrics }: SummaryData): string {
  const value = (metric: string, statistic: string) => metrics[metric]?.values[statistic];
  const thresholds = Object.entries(metrics).flatMap(([name, metric]) =>
    Object.entries(metric.thresholds ?? {}).map(([rule, { ok }]) =>
      // k6 lets a threshold without samples pass.
      isEmpty(metric) ? `  ? ${name} ${rule} (no samples)` : `  ${ok ? '✓' : '✗'} ${name} ${rule}`,
    ),
  );
  // Without an answer k6 tells 0 ms.
  const p95 = value('http_req_duration{expected_response:true}', 'p(95)') || undefined;
  return [
    '',
    `${value('http_reqs', 'count') ?? 0} requests, ${(value('http_reqs', 'rate') ?? 0).toFixed(1)}/s`,
    `p95 ${p95 === undefined ? 'unknown' : `${p95.toFixed(1)} ms`}, failed ${((value('http_req_failed', 'rate') ?? 0) * 100).toFixed(2)} %`,
    `${value('iterations', 'count') ?? 0} journeys, ${value('dropped_iterations', 'count') ?? 0} dropped`,
    ...thresholds,
    '',
  ].join('\n');
}

/**
 * k6's handleSummary: everything but setup's data, which holds a token, as JSON into the file that LOAD_SUMMARY_FILE names, else
 * text on the terminal.
 */
export function handleSummary({ setup_data: _, ...data }: SummaryData): Record<string, string> {
  const file = __ENV.LOAD_SUMMARY_FILE;
  return file ? { [file]: JSON.stringify(data, null, 2) } : { stdout: summaryText(data) };
}
