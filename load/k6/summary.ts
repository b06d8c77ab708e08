interface Metric {
  readonly type: string;
  readonly values: Readonly<Record<string, number>>;
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
}

export interface SummaryData {
  readonly metrics: Readonly<Record<string, Metric>>;
  /** What setup handed to the iterations: the shoppers' token is in it. */
  readonly setup_data?: unknown;
}

/** What a person who ran plain `k6 run` reads at the end; the wrapper's verdict says more. */
export function summaryText({ metrics }: SummaryData): string {
  const value = (metric: string, statistic: string) => metrics[metric]?.values[statistic];
  const thresholds = Object.entries(metrics).flatMap(([metric, { thresholds: of = {} }]) =>
    Object.entries(of).map(([rule, { ok }]) => `  ${ok ? '✓' : '✗'} ${metric} ${rule}`),
  );
  const p95 = value('http_req_duration{expected_response:true}', 'p(95)') ?? value('http_req_duration', 'p(95)');
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
