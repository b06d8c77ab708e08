import { randomBytes } from 'node:crypto';
import type { TelemetryEvent } from '../../telemetry/event.ts';

/** What the monitor says of itself; what results say of the store is judged in health/. */
const monitorAlerts = {
  'disk-fault': 'The disk takes no results: they wait in memory and are lost if the monitor is killed',
  'results-lost': 'The outbox was full: undelivered results were dropped, the oldest first',
  'missing-rounds': 'Rounds that this location should have run did not take place',
  overrun: 'Checks were still running when they were due again, and were not started twice',
} as const;

type MonitorAlert = keyof typeof monitorAlerts;

const alertEventName = 'MonitorAlert';

interface AlertState {
  readonly alert: MonitorAlert;
  readonly state: 'opened' | 'resolved';
  readonly seen: string;
}

/** An alert as it stands now. */
export interface StandingAlert {
  readonly name: MonitorAlert;
  readonly isOn: boolean;
  /** When it last changed, milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly seen: string;
}

/** Opens and resolves each alert once, whatever is reported how often; each change is one event. */
export class Alerts {
  private readonly known = new Map<MonitorAlert, StandingAlert>(
    (Object.keys(monitorAlerts) as MonitorAlert[]).map((name) => [name, { name, isOn: false, sinceMs: 0, seen: '' }]),
  );
  private readonly happened = new Set<MonitorAlert>();
  private readonly nowMs: () => number;
  private readonly change: (state: AlertState) => void;

  constructor(nowMs: () => number, change: (state: AlertState) => void) {
    this.nowMs = nowMs;
    this.change = change;
  }

  report(alert: MonitorAlert, isOn: boolean, seen: string): void {
    if (isOn === this.known.get(alert)?.isOn) return;
    this.known.set(alert, { name: alert, isOn, sinceMs: this.nowMs(), seen });
    this.change({ alert, state: isOn ? 'opened' : 'resolved', seen });
  }

  /** What happened and is over, such as a gap found at the start; it is on for those who judge next, so that it is told of. */
  once(alert: MonitorAlert, seen: string): void {
    this.change({ alert, state: 'opened', seen });
    this.change({ alert, state: 'resolved', seen: 'it is over' });
    this.known.set(alert, { name: alert, isOn: false, sinceMs: this.nowMs(), seen });
    this.happened.add(alert);
  }

  /** All as they stand, for those who judge: what happened is on once. One that was never on in this process is off since ever. */
  take(): StandingAlert[] {
    const taken = [...this.known.values()].map((alert) => ({ ...alert, isOn: alert.isOn || this.happened.has(alert.name) }));
    this.happened.clear();
    return taken;
  }

  get count(): number {
    return [...this.known.values()].filter(({ isOn }) => isOn).length;
  }
}

export function alertEvent(change: AlertState, environment: string, location: string, atMs: number): TelemetryEvent {
  const { alert, state, seen } = change;
  return {
    id: randomBytes(8).toString('hex'),
    name: alertEventName,
    at: new Date(atMs).toISOString(),
    properties: { alert, state, seen, what: monitorAlerts[alert], environment, location },
    measurements: {},
  };
}
