import { createResources } from '../../../fixtures/contoso/azure/arm/resources.ts';
import type { Namespace } from '../../../fixtures/contoso/azure/monitor/metric-definitions.ts';
import { createMonitor } from '../../../fixtures/contoso/azure/monitor/monitor.ts';
import { createTelemetryStore } from '../../../fixtures/contoso/azure/monitor/telemetry-store.ts';
import type { SiteRequest } from '../../../fixtures/contoso/azure/watch.ts';
import { createClock, minuteMs } from '../../../fixtures/contoso/clock.ts';
import { clock } from '../azure-control/support.ts';
import { contoso } from './support.ts';

export const key = 'ikey';

/** Azure Monitor alone, in a world whose clock the test moves. */
export function watched() {
  const hand = clock(60);
  const control = createClock(hand);
  const telemetry = createTelemetryStore(hand, key);
  const resources = createResources(contoso);
  const monitor = createMonitor({ world: hand, clock: control, resources, telemetry: () => telemetry });
  const rows = (name: string, workspace?: string) =>
    (monitor.table(name, workspace) ?? '')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  /** One metric over all that was, by the dimensions. */
  const metric = (resourceId: string, namespace: Namespace, name: string, by: string[] = []) => {
    const query = {
      namespace,
      resourceId,
      metric: name,
      by,
      from: control.epoch - minuteMs,
      to: control.now() + minuteMs,
      intervalMs: 60 * minuteMs,
    };
    return Object.fromEntries(
      monitor.metrics.query(query).map(({ dimensions, points }) => {
        const sums = points.flatMap((point) => point.sums ?? []);
        return [Object.values(dimensions).join(), sums.reduce((total, each) => total + each.total, 0)];
      }),
    );
  };
  return { hand, control, telemetry, resources, monitor, rows, metric, settle: () => hand.pass(10) };
}

export const request: SiteRequest = {
  at: 0,
  stamp: 'westeurope',
  region: 'westeurope',
  instance: 'plan-weu-0',
  build: 'good',
  method: 'GET',
  path: '/api/search?q=run',
  route: 'GET /api/search',
  status: 200,
  durationMs: 41.6,
  userAgent: 'k6',
};
