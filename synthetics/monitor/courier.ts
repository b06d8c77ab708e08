import { ConnectionStringError } from '../../telemetry/connection-string.ts';
import { type DeliverOptions, type Delivery, deliver } from '../../telemetry/deliver.ts';
import type { Outbox } from '../../telemetry/outbox.ts';
import { type Clock, sleep } from './clock.ts';
import type { Keeper } from './keeper.ts';
import { type Log, messageOf } from './log.ts';

/** Time between two looks for what waits. */
const pauseMs = 2_000;
/** What failed waits no longer, for what fails beside it. */
const hurriedPauseMs = 250;
/** After a failure it doubles to this: results arrive within two minutes of an endpoint's recovery. */
const longestPauseMs = 30_000;
/** One delivery; then memory and disk are looked at again. */
const deadlineMs = 30_000;
const freshForMs = 120_000;

export interface CourierOptions {
  readonly keeper: Keeper;
  readonly connectionString: () => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly onDelivery: (delivery: Delivery) => void;
  /** Default: telemetry's own. */
  readonly deliver?: (outbox: Outbox, options: DeliverOptions) => Promise<Delivery>;
}

/** Delivers beside the rounds, one delivery at a time, what is fresh and the backlog in turn. */
export class Courier {
  private readonly options: CourierOptions;
  private stopping = false;
  private wake: () => void = () => undefined;
  private hasten: () => void = () => undefined;
  private isHurried = false;
  private isRefused = false;
  private loop: Promise<void> = Promise.resolve();
  private said: string | undefined;
  private readonly parked = new WeakMap<Outbox, number>();

  constructor(options: CourierOptions) {
    this.options = options;
  }

  start(): void {
    this.loop = this.run();
  }

  /** Ends the loop and delivers once more what can be delivered within the time. */
  async stop(withinMs: number): Promise<void> {
    const { clock } = this.options;
    const endsAtMs = clock.now() + withinMs;
    this.stopping = true;
    this.wake();
    await Promise.race([this.loop, sleep(clock, withinMs)]);
    await this.deliverAll(Math.max(0, endsAtMs - clock.now()));
  }

  /** Something is news: it goes out soon, unless the endpoint takes nothing anyway. */
  hurry(): void {
    if (this.isRefused) return;
    this.isHurried = true;
    this.hasten();
  }

  /** Whether all that waited arrived. Never throws for the endpoint. */
  async deliverAll(withinMs: number): Promise<boolean> {
    const { keeper, clock, connectionString, onDelivery, deliver: send = deliver } = this.options;
    const endsAtMs = clock.now() + withinMs;
    let isAll = true;
    let why: string | undefined;
    for (const outbox of keeper.outboxes()) {
      try {
        const deadlineMs = Math.max(0, endsAtMs - clock.now());
        const delivery = await send(outbox, { connectionString: connectionString(), now: clock.now, deadlineMs, freshForMs });
        onDelivery(delivery);
        this.sayParked(outbox, delivery.parked);
        if (delivery.undelivered === 0) continue;
        isAll = false;
        why ??= delivery.reason;
      } catch (error) {
        isAll = false;
        why ??= error instanceof ConnectionStringError ? error.message : `delivery failed: ${messageOf(error)}`;
      }
    }
    this.say(why);
    return isAll;
  }

  private async run(): Promise<void> {
    let waitMs = pauseMs;
    while (!this.stopping) {
      await this.pause(this.isHurried ? hurriedPauseMs : waitMs);
      if (this.stopping) return;
      this.options.keeper.recover();
      this.isHurried = false;
      const isAll = await this.deliverAll(deadlineMs);
      this.isRefused = !isAll;
      waitMs = isAll ? pauseMs : Math.min(waitMs * 2, longestPauseMs);
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const { clock } = this.options;
      let cancel = clock.after(ms, resolve);
      this.wake = () => {
        cancel();
        resolve();
      };
      this.hasten = () => {
        this.hasten = () => undefined;
        cancel();
        cancel = clock.after(Math.min(ms, hurriedPauseMs), resolve);
      };
    });
  }

  /** What is kept aside is told when it grows, also what a start finds. */
  private sayParked(outbox: Outbox, parked: number): void {
    if (parked > (this.parked.get(outbox) ?? 0))
      this.options.log.warn('refused or unreadable', { parked, reasons: outbox.reasons('parked') });
    this.parked.set(outbox, parked);
  }

  /** A reason is said once, and again when another takes its place. */
  private say(reason: string | undefined): void {
    if (reason === this.said) return;
    if (reason === undefined) this.options.log.info('delivery works again');
    else this.options.log.warn('undelivered', { reason });
    this.said = reason;
  }
}
