import { minuteMs } from './bins.ts';
import { about, type Finding, type FindingInput } from './findings.ts';
import { standingOf, type WindowRule } from './standing.ts';

/** Rounds in a row of a location in which nothing was said of the store. */
const inconclusiveRounds = 3;

export function probes({ window, environment, nowMs }: FindingInput): Finding[] {
  return [...window.locations()].map(([location, minutes]) => {
    const rounds = [...minutes].filter(([, { results, inconclusive }]) => results + inconclusive > 0).sort(([a], [b]) => a - b);
    const bins = rounds.map(([startMs, { results }]) => ({ startMs, state: results > 0 ? 'good' : 'bad' }) as const);
    const rule: WindowRule = { open: { failures: inconclusiveRounds, of: inconclusiveRounds }, close: environment.alerts.close };
    const within = bins.filter(({ startMs }) => startMs > nowMs - 60 * minuteMs);
    const seen = `${inconclusiveRounds} rounds in a row without one`;
    return {
      ...about('probe', 'round', { kind: 'global', target: location, region: location }),
      standing: standingOf(within, rule),
      failingNow: false,
      cause: 'probe',
      failureCause: 'probe',
      urgency: 'page',
      evidence: { rule: 'a round that says something of the store', seen },
    };
  });
}
