import { availabilityResultSchema } from '../synthetics/result.ts';
import { type Connection, parseConnectionString } from './connection-string.ts';
import { availabilityEmission, type Emission, eventEmission } from './envelope.ts';
import { telemetryEventSchema } from './event.ts';
import type { Mark, Outbox, OutboxItem } from './outbox.ts';
import { readBody } from './outbox-read.ts';
import type { Receipt } from './receipts.ts';

export interface DeliverOptions {
  /** Absent: results stay local, and the reason says so. Malformed: throws `ConnectionStringError`. */
  readonly connectionString?: string | undefined;
  readonly now: () => number;
  /** The longest that the whole delivery may take, milliseconds. */
  readonly deadlineMs: number;
  /** The longest wait for one answer, milliseconds; default 10,000. */
  readonly requestTimeoutMs?: number;
  /** Pauses before a batch is tried again, milliseconds; default 200 and 1,000, then the endpoint is left alone until the next delivery. */
  readonly retryPausesMs?: readonly number[];
  /** Items younger than this and the backlog go in turn, a batch of each; default: all of them oldest first. */
  readonly freshForMs?: number;
}

export interface Delivery {
  /** Ids confirmed by a receipt in this delivery, each counted once. */
  readonly accepted: number;
  /** All that still wait in the outbox, also from earlier runs. */
  readonly undelivered: number;
  /** All that were refused for good or can't be read, and are kept aside, also from earlier runs. */
  readonly parked: number;
  /** Accepted ones that are older than Application Insights keeps times for. */
  readonly late: number;
  /** Why something is undelivered, or that nothing could be delivered at all. */
  readonly reason?: string;
}

/** Azure's limit of one item, and ours of one request: uncompressed, as the endpoint counts. */
const maxItemBytes = 64 * 1_024;
const maxBatchBytes = 1_000_000;
/** One batch of the SDK. */
const rowsPerRead = 512;
const defaultRetryPausesMs = [200, 1_000];

/** Sends what waits, oldest first, until all is delivered, the endpoint doesn't take it, or the time is up. */
export async function deliver(outbox: Outbox, options: DeliverOptions): Promise<Delivery> {
  if (!options.connectionString)
    return summary(outbox, { accepted: 0, late: 0 }, `no Application Insights connection string: results stay in ${outbox.path}`);
  const drain = new Drain(outbox, parseConnectionString(options.connectionString), options);
  await drain.run();
  return summary(outbox, drain, drain.reason);
}

function summary(outbox: Outbox, { accepted, late }: { accepted: number; late: number }, reason: string | undefined): Delivery {
  const { waiting, parked } = outbox.undelivered();
  const why = reason ?? (waiting > 0 ? outbox.reasons('waiting')[0]?.reason : undefined);
  return { accepted, undelivered: waiting, parked, late, ...(why !== undefined && waiting > 0 ? { reason: why } : {}) };
}

class Drain {
  accepted = 0;
  late = 0;
  reason: string | undefined;
  private readonly outbox: Outbox;
  private readonly connection: Connection;
  private readonly options: DeliverOptions;
  private readonly endsAt: number;
  private readonly hadTurn = new Set<number>();

  constructor(outbox: Outbox, connection: Connection, options: DeliverOptions) {
    this.outbox = outbox;
    this.connection = connection;
    this.options = options;
    this.endsAt = performance.now() + options.deadlineMs;
  }

  async run(): Promise<void> {
    if (this.outbox.waiting(1).length === 0) return;
    if (!(await this.waitOutBackoff())) return;
    const batches = this.batches();
    let batch = batches.next().value;
    while (batch !== undefined && this.reason === undefined) {
      // The next one is read while the endpoint works on this one.
      const [, next] = await Promise.all([this.send(batch), immediate().then(() => batches.next().value)]);
      batch = next;
    }
  }

  private *batches(): Generator<Emission[], undefined> {
    for (
      let rows = this.outbox.waiting(rowsPerRead);
      rows.length > 0;
      rows = this.outbox.waiting(rowsPerRead, rows.at(-1)?.seq)
    ) {
      yield* this.cut(this.freshRows());
      // The fresh ones have had their turn: a row read twice would be sent twice.
      yield* this.cut(rows.filter((row) => !this.hadTurn.has(row.seq)));
    }
  }

  /** What came in lately and has not been sent by this delivery; none unless asked for. */
  private freshRows(): OutboxItem[] {
    const { freshForMs, now } = this.options;
    if (freshForMs === undefined) return [];
    const rows = this.outbox.newest(rowsPerRead).filter(({ at, seq }) => at > now() - freshForMs && !this.hadTurn.has(seq));
    for (const { seq } of rows) this.hadTurn.add(seq);
    return rows.reverse();
  }

  /** False when the endpoint asked for more patience than this delivery has time for. */
  private async waitOutBackoff(): Promise<boolean> {
    const backoffMs = this.outbox.backoffUntil(this.connection.host) - this.options.now();
    if (backoffMs <= 0) return true;
    if (backoffMs > this.remainingMs()) {
      this.reason = `${this.connection.host} asked to be left alone for another ${Math.ceil(backoffMs / 1_000)} s`;
      return false;
    }
    await pause(backoffMs);
    return true;
  }

  /** Parks at once what can't be sent, and cuts the rest into requests. */
  private cut(rows: readonly OutboxItem[]): Emission[][] {
    const batches: Emission[][] = [];
    const parked: Mark[] = [];
    let bytes = Number.POSITIVE_INFINITY;
    for (const row of rows) {
      const item = read(row, this.options.now());
      const fault = typeof item === 'string' ? item : item.bytes > maxItemBytes ? `too large (${item.bytes} bytes)` : undefined;
      if (typeof item === 'string' || fault !== undefined) {
        parked.push({ id: row.id, state: 'parked', reason: fault ?? '' });
        continue;
      }
      if (bytes + item.bytes > maxBatchBytes) {
        batches.push([]);
        bytes = 0;
      }
      bytes += item.bytes;
      batches.at(-1)?.push(item);
    }
    if (parked.length > 0) this.outbox.mark(parked);
    return batches;
  }

  /** Sends a batch, again where that may help, and in halves where one item spoils the others. */
  private async send(batch: readonly Emission[]): Promise<void> {
    let items = batch;
    for (const pauseMs of [...(this.options.retryPausesMs ?? defaultRetryPausesMs), undefined]) {
      if (this.outOfTime()) return;
      const { receipts, retryAfterMs } = await this.exchange(items);
      const suspects = this.settle(items, receipts);
      if (suspects.length > 0) return this.sendHalves(suspects);
      items = items.filter(
        (item) => receipts.get(item.id)?.verdict !== 'accepted' && receipts.get(item.id)?.verdict !== 'refused',
      );
      if (items.length < batch.length || items.length === 0) return;
      const waitMs = retryAfterMs ?? pauseMs;
      if (pauseMs === undefined || waitMs === undefined || waitMs >= this.remainingMs())
        return this.giveUp(receipts.get(items[0]?.id ?? ''), retryAfterMs);
      await pause(waitMs);
    }
  }

  private async sendHalves(suspects: readonly Emission[]): Promise<void> {
    const middle = Math.ceil(suspects.length / 2);
    for (const half of [suspects.slice(0, middle), suspects.slice(middle)])
      if (half.length > 0 && this.reason === undefined) await this.send(half);
  }

  private async exchange(items: readonly Emission[]) {
    // Loading the SDK takes longer than a delivery: only who has something to send pays for it.
    const { openExporter } = await import('./application-insights.ts');
    const exporter = await openExporter(this.connection);
    const timeoutMs = Math.max(1, Math.min(this.options.requestTimeoutMs ?? 10_000, this.remainingMs()));
    return exporter.send(items, Math.ceil(timeoutMs), this.options.now());
  }

  /** Writes down what became of each item; answers those that can only be judged in smaller company. */
  private settle(items: readonly Emission[], receipts: ReadonlyMap<string, Receipt>): Emission[] {
    const suspects: Emission[] = [];
    const marks = items.map((item): Mark => {
      const receipt = receipts.get(item.id) ?? { verdict: 'later', reason: 'no receipt' };
      if (receipt.verdict === 'suspect') suspects.push(item);
      if (receipt.verdict !== 'accepted')
        return { id: item.id, state: receipt.verdict === 'refused' ? 'parked' : 'waiting', reason: receipt.reason };
      this.accepted++;
      if (item.late) this.late++;
      return { id: item.id, state: 'delivered' };
    });
    this.outbox.mark(marks);
    return suspects;
  }

  private giveUp(receipt: Receipt | undefined, retryAfterMs: number | undefined): void {
    const { host } = this.connection;
    const why = receipt !== undefined && 'reason' in receipt ? receipt.reason : 'no receipt';
    this.reason = `${host}: ${why}`;
    if (retryAfterMs === undefined) return;
    this.outbox.setBackoff(host, this.options.now() + retryAfterMs);
    this.reason += `; it asked to be left alone for ${Math.ceil(retryAfterMs / 1_000)} s`;
  }

  private outOfTime(): boolean {
    if (this.remainingMs() > 0) return false;
    this.reason = `the time for delivery was up (${this.options.deadlineMs} ms)`;
    return true;
  }

  private remainingMs(): number {
    return this.endsAt - performance.now();
  }
}

/** What a row holds, or what is wrong with it. */
function read(row: OutboxItem, now: number): Emission | string {
  const unreadable = (fault: string) => `can't be read by this version: ${fault}`;
  if (row.kind === 'event') {
    const event = readBody(telemetryEventSchema, row.body);
    return 'fault' in event ? unreadable(event.fault) : eventEmission(event.value, now);
  }
  const result = readBody(availabilityResultSchema, row.body);
  return 'fault' in result ? unreadable(result.fault) : availabilityEmission(result.value, now);
}

function immediate(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
