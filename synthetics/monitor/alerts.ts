import { randomBytes } from 'node:crypto';
import type { TelemetryEvent } from '../../telemetry/event.ts';

/** What the monitor says of itself and of what no single result shows. */
export const monitorAlerts = {
  'probe-fault': 'Three rounds in a row said nothing of the store: the probe itself has no network',
  'disk-fault': 'The disk takes no results: they wait in memory and are lost if the monitor is killed',
  'results-lost': 'The outbox was full: undelivered results were dropped, the oldest first',
  'missing-rounds': 'Rounds that this location should have run did not take place',
  'first-attempt-failures': 'Many first attempts fail on a target, even where a retry passes',
  overrun: 'Checks were still running when they were due again, and were not started twice',
} as const;

export type MonitorAlert = keyof typeof monitorAlerts;

export const alertEventName = 'MonitorAlert';

export interface AlertState {
  readonly alert: MonitorAlert;
  readonly state: 'opened' | 'resolved';
  /** What it is about, such as a target; empty for the location as a whole. */
  readonly about: string;
  readonly seen: string;
}

/** Opens and resolves each alert once, whatever is reported how often; each change is one event. */
export class Alerts {
  private readonly open = new Set<string>();
  private readonly change: (state: AlertState) => void;

  constructor(change: (state: AlertState) => void) {
    this.change = change;
  }

  report(alert: MonitorAlert, isOn: boolean, seen: string, about = ''): void {
    const key = `${alert} ${about}`;
    if (isOn === this.open.has(key)) return;
    if (isOn) this.open.add(key);
    else this.open.delete(key);
    this.change({ alert, state: isOn ? 'opened' : 'resolved', about, seen });
  }

  /** What happened and is over, such as a gap found at the start. */
  once(alert: MonitorAlert, seen: string): void {
    this.change({ alert, state: 'opened', about: '', seen });
    this.change({ alert, state: 'resolved', about: '', seen: 'it is over' });
  }

  get count(): number {
    return this.open.size;
  }
}

export function alertEvent(change: AlertState, environment: string, location: string, atMs: number): TelemetryEvent {
  const { alert, state, about, seen } = change;
  return {
    id: randomBytes(8).toString('hex'),
    name: alertEventName,
    at: new Date(atMs).toISOString(),
    properties: { alert, state, about, seen, what: monitorAlerts[alert], environment, location },
    measurements: {},
  };
}
