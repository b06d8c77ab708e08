import { loadEnvironment } from '../fixtures/environments/load.ts';
import { minuteMs } from '../health/bins.ts';
import type { Health } from '../health/model.ts';
import { lookbackMinutes } from '../health/window.ts';
import { pictureLines } from '../pages/health-terminal.ts';
import { trustCertificates } from '../telemetry/trust.ts';
import { type ExitCode, type Interruption, parseFlags } from './exit-code.ts';
import { signalReaderOf } from './health-read.ts';
import { keptOutbox } from './kept-outbox.ts';
import { caFileOf, detectStore } from './local-store.ts';

const exitOf: Readonly<Record<Health, ExitCode>> = { healthy: 0, degraded: 1, unhealthy: 1, unknown: 2 };
const readWithinMs = 30_000;
const mostResults = 500_000;

/**
 * `npm run health [-- --env <name or path>] [--outbox <file>]`: the picture as it is now, from the monitor's results and the
 * signals of Azure Monitor. Exit code of the store: 0 healthy, 1 degraded or unhealthy, 2 unknown.
 */
export async function picture(_: Interruption, args: readonly string[]): Promise<ExitCode> {
  const { values } = parseFlags({ outbox: { type: 'string' } }, [...args]);
  const environment = loadEnvironment(values.env);
  trustCertificates();
  if (environment.local) {
    const store = await detectStore(environment);
    if (store.kind === 'running') trustCertificates(caFileOf(environment));
    else console.log('the local store doesn’t run: start it with npm run local, and npm run monitor beside it');
  }
  const nowMs = Date.now();
  const reader = signalReaderOf(environment, { warn: (what, more) => console.error(`${what}: ${JSON.stringify(more)}`) });
  const outbox = keptOutbox(environment, values.outbox);
  try {
    reader.addResults(outbox.recent({ since: nowMs - lookbackMinutes(environment) * minuteMs, limit: mostResults }));
  } finally {
    outbox.close();
  }
  await reader.refresh(nowMs, readWithinMs);
  const seen = reader.picture(nowMs);
  for (const line of pictureLines(seen)) console.log(line);
  return exitOf[seen.nodes.at(-1)?.state ?? 'unknown'];
}
