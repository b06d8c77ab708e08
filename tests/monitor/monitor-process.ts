/** A monitor in a process of its own for tests, with rounds as short as they ask: `<environment> <outbox> <period ms>`. */
import { join } from 'node:path';
import { loadEnvironment } from '../../fixtures/environments/load.ts';
import { realClock } from '../../synthetics/monitor/clock.ts';
import { jsonLog } from '../../synthetics/monitor/log.ts';
import { Monitor } from '../../synthetics/monitor/monitor.ts';
import { tokenSource } from '../../synthetics/runners/token.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { trustCertificates } from '../../telemetry/trust.ts';

const [environmentFile = '', outboxFile = '', periodMs = '1000'] = process.argv.slice(2);
trustCertificates();
const environment = loadEnvironment(environmentFile);
const monitor = new Monitor({
  environment,
  tokens: ({ auth }) => tokenSource(auth, {}),
  openOutbox: () => openOutbox(outboxFile, { now: Date.now }),
  underWayFolder: join(outboxFile, '..', 'under-way'),
  clock: realClock,
  log: jsonLog((line) => process.stdout.write(line), Date.now),
  periodMs: Number(periodMs),
});
monitor.start();
process.send?.('started');
process.once('SIGTERM', () => {
  void monitor.stop(environment.monitor.stopWithinMs).then(() => {
    monitor.close();
    process.exit(0);
  });
});
