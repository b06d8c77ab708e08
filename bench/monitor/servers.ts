/** The store and the ingestion endpoint in a process of their own: `<http or https>`. They count what the monitor should have done. */
import { createAuthority } from '../../fixtures/contoso/azure/certificate.ts';
import { targetsOf } from '../../fixtures/environments/targets.ts';
import { minuteMs, schedule } from '../../synthetics/monitor/schedule.ts';
import { certificateName, heartbeatName } from '../../synthetics/result.ts';
import { checksOf } from '../../synthetics/runners/prepare.ts';
import { startShop } from '../../tests/monitor/shop-server.ts';
import { acceptAll, type Envelope, type Ingestion, idOf, startIngestion } from '../../tests/support/ingestion.ts';
import { quantile } from '../rows.ts';
import { environmentAt, latencyMs, type Served, type Span, type Tally } from './setting.ts';

const notJourneys = [heartbeatName, certificateName];

function everyMinute(): ReadonlyMap<string, number> {
  const environment = environmentAt({ endpoint: 'https://localhost', connectionString: '' });
  const slots = schedule(checksOf(environment, targetsOf(environment)).checks, environment.monitor.everyMinutes);
  return new Map(
    slots
      .filter(({ every }) => every === 1)
      .map(({ check, offsetMs }) => [`${check.journey.name} ${check.target.name}`, offsetMs]),
  );
}

/** Matches what the store was asked with what arrived at the ingestion endpoint, by trace. */
class Counting {
  /** Of the checks that are due each minute. */
  private readonly offsets = everyMinute();
  private readonly traces = new Map<string, { requests: number; hasResult: boolean }>();
  /** By check and the time at which it was due: how late each result's journey began. */
  private readonly delays = new Map<string, { dueMs: number; delayMs: number }[]>();
  private readonly ids = new Set<string>();
  private requests = 0;

  request(traceparent: string): void {
    const trace = traceparent.slice(3, 35);
    this.requests += 1;
    const seen = this.traces.get(trace);
    if (seen) seen.requests += 1;
    else this.traces.set(trace, { requests: 1, hasResult: false });
  }

  arrived(envelope: Envelope): void {
    const { journey, target } = envelope.data.baseData.properties;
    const check = `${journey} ${target}`;
    const id = idOf(envelope);
    // At least once is what is promised: a repeat counts once.
    if (!journey || notJourneys.includes(journey) || this.ids.has(id)) return;
    this.ids.add(id);
    const offsetMs = this.offsets.get(check);
    if (offsetMs === undefined) return;
    const trace = this.traces.get(envelope.tags['ai.operation.id'] ?? '');
    if (!trace || trace.hasResult) return;
    trace.hasResult = true;
    const startedMs = Date.parse(envelope.time);
    const dueMs = Math.floor((startedMs - offsetMs) / minuteMs) * minuteMs + offsetMs;
    const all = this.delays.get(check) ?? [];
    all.push({ dueMs, delayMs: startedMs - dueMs });
    this.delays.set(check, all);
  }

  tally({ fromMs, toMs }: Span): Tally {
    const delays: number[] = [];
    let due = 0;
    for (const [check, offsetMs] of this.offsets) {
      const all = this.delays.get(check) ?? [];
      for (let dueMs = Math.ceil((fromMs - offsetMs) / minuteMs) * minuteMs + offsetMs; dueMs < toMs; dueMs += minuteMs) {
        due += 1;
        const results = all.filter((result) => result.dueMs === dueMs);
        if (results.length === 1) delays.push(results[0]?.delayMs ?? Number.NaN);
      }
    }
    const { traces, ids, requests } = this;
    return {
      due,
      seen: delays.length,
      delayP99Ms: quantile(delays, 0.99),
      results: ids.size,
      journeys: traces.size,
      requests,
    };
  }
}

async function serve(protocol: string): Promise<void> {
  const counting = new Counting();
  const authority = await createAuthority();
  const certificate = protocol === 'https' ? { certificate: await authority.issue() } : {};
  const onRequest = (traceparent: string) => counting.request(traceparent);
  let ingestion: Ingestion | undefined;
  const [shop, started] = await Promise.all([
    startShop(latencyMs, { ...certificate, onRequest }),
    startIngestion(
      (items, request) => {
        for (const item of items) counting.arrived(item);
        // Half an hour of envelopes is more than this process has room for.
        for (const kept of [ingestion?.requests, ingestion?.accepted]) kept?.splice(0);
        return acceptAll(items, request);
      },
      { trusted: false },
    ),
  ]);
  ingestion = started;
  process.on('message', (span: Span) => process.send?.(counting.tally(span)));
  process.on('disconnect', () => process.exit());
  const { ca, connectionString } = ingestion;
  process.send?.({
    endpoint: `${protocol}://localhost:${shop.port}`,
    ca: [authority.ca, ca],
    connectionString,
  } satisfies Served);
}

void serve(process.argv[2] ?? 'https');
