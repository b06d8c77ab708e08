import { autoscale } from './autoscale.ts';
import { baselines } from './baselines.ts';
import { cosmosRu } from './cosmos-ru.ts';
import { distributed } from './distributed.ts';
import { gate } from './gate.ts';
import { healthAgreement } from './health-agreement.ts';
import { healthIncidents } from './health-incidents.ts';
import { loadCollector } from './load-collector.ts';
import { mainJob } from './main-job.ts';
import { monitorDays, monitorKills, monitorOutage } from './monitor.ts';
import { monitorFaults } from './monitor-faults.ts';
import { monitorFlat, monitorPace, monitorSpeed, playwrightPace } from './monitor-speed.ts';
import type { ProofArea } from './proof.ts';
import { roundsHour } from './rounds-hour.ts';

/** Every area of `npm run prove -- <area>`; a new one is a row here. */
export const proofAreas: Readonly<Record<string, ProofArea>> = {
  'main-job': mainJob,
  gate,
  'cosmos-ru': cosmosRu,
  'monitor-speed': monitorSpeed,
  'monitor-pace': monitorPace,
  'monitor-flat': monitorFlat,
  'playwright-pace': playwrightPace,
  baselines,
  'load-collector': loadCollector,
  'monitor-days': monitorDays,
  'monitor-faults': monitorFaults,
  'monitor-kills': monitorKills,
  'monitor-outage': monitorOutage,
  autoscale,
  'health-incidents': healthIncidents,
  distributed,
  'rounds-hour': roundsHour,
  'health-agreement': healthAgreement,
};
