import type { Urgency } from '../fixtures/environments/alerting.ts';
import { minuteMs } from './bins.ts';
import { about, type Finding, type FindingInput } from './findings.ts';

/** A fault of the monitor itself, as it says so: a disk that takes no results. */
export interface OwnFault {
  readonly name: string;
  readonly isOn: boolean;
  /** When it last changed. */
  readonly sinceMs: number;
  readonly seen: string;
}

/** What may wait until somebody works; all else of a monitor is as urgent as what it can't see. */
const urgencies: Readonly<Record<string, Urgency>> = { overrun: 'ticket', 'missing-rounds': 'ticket' };

/** One that comes and goes is one fault: it is over when it has stayed away as long as a window that closes. */
export function ownFaults({ environment, own = [], nowMs }: FindingInput): Finding[] {
  const { location, alerts } = environment;
  return own.map(({ name, isOn, sinceMs, seen }) => ({
    ...about('monitor', name, { kind: 'global', target: location, region: location }),
    standing: isOn
      ? { state: 'open', sinceMs }
      : { state: nowMs - sinceMs >= alerts.close.of * minuteMs ? 'closed' : 'undecided' },
    failingNow: false,
    cause: name,
    failureCause: name,
    urgency: urgencies[name] ?? 'page',
    evidence: { rule: 'a monitor without a fault of its own', seen },
  }));
}
