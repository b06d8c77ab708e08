import { benchContosoGlobal, benchContosoOrders, benchContosoRate, benchContosoRegional } from './contoso.ts';
import { benchContosoIdleCpu, benchContosoIdleMemory, benchContosoStart } from './contoso-idle.ts';
import { benchHealthEvaluate } from './health.ts';
import { benchK6Journey } from './k6-journey.ts';
import { benchLoadCollect, benchLoadCollectorHour, benchLoadCollectorRate, benchLoadReport } from './load.ts';
import { benchMonitorCpu, benchMonitorDelay, benchMonitorFlat, benchMonitorMemory, benchMonitorMissed } from './monitor/index.ts';
import { benchMonitorPublished } from './monitor/published.ts';
import { benchNodeJourney } from './node-journey.ts';
import { benchOutbox } from './outbox.ts';
import { benchMonitorRound, peerBenchmarks } from './peers/index.ts';
import { benchPlaywrightOneCore } from './playwright-one-core.ts';
import { benchPlaywrightRound } from './playwright-round.ts';
import type { BenchRow } from './rows.ts';
import { benchStatusPagePaint } from './status-page.ts';

interface Benchmark {
  readonly name: string;
  readonly tier: BenchRow['tier'];
  readonly measure: () => Promise<BenchRow>;
}

/** Every benchmark of `npm run bench`; a new one is a row here. */
export const benchmarks: readonly Benchmark[] = [
  { name: 'node-journey', tier: 'default', measure: benchNodeJourney },
  { name: 'k6-journey', tier: 'default', measure: benchK6Journey },
  { name: 'playwright-round', tier: 'default', measure: benchPlaywrightRound },
  { name: 'outbox', tier: 'default', measure: benchOutbox },
  { name: 'health-evaluate', tier: 'default', measure: benchHealthEvaluate },
  { name: 'contoso-rate', tier: 'default', measure: benchContosoRate },
  { name: 'contoso-regional', tier: 'default', measure: benchContosoRegional },
  { name: 'contoso-orders', tier: 'default', measure: benchContosoOrders },
  { name: 'contoso-global', tier: 'default', measure: benchContosoGlobal },
  { name: 'contoso-idle-cpu', tier: 'default', measure: benchContosoIdleCpu },
  { name: 'contoso-idle-memory', tier: 'default', measure: benchContosoIdleMemory },
  { name: 'contoso-start', tier: 'default', measure: benchContosoStart },
  { name: 'monitor-round', tier: 'default', measure: benchMonitorRound },
  { name: 'status-page-paint', tier: 'default', measure: benchStatusPagePaint },
  { name: 'monitor-missed', tier: 'default', measure: benchMonitorMissed },
  { name: 'monitor-delay', tier: 'default', measure: benchMonitorDelay },
  { name: 'monitor-cpu', tier: 'default', measure: benchMonitorCpu },
  { name: 'monitor-memory', tier: 'default', measure: benchMonitorMemory },
  { name: 'load-collect', tier: 'default', measure: benchLoadCollect },
  { name: 'load-collector-rate', tier: 'default', measure: benchLoadCollectorRate },
  { name: 'load-report', tier: 'default', measure: benchLoadReport },
  { name: 'load-collector-hour', tier: 'long', measure: benchLoadCollectorHour },
  { name: 'monitor-flat', tier: 'long', measure: benchMonitorFlat },
  { name: 'monitor-published', tier: 'long', measure: benchMonitorPublished },
  { name: 'playwright-one-core', tier: 'long', measure: benchPlaywrightOneCore },
  ...peerBenchmarks,
];
