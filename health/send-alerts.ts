import type { Environment } from '../fixtures/environments/schema.ts';
import { type Alert, alertOf } from './alerts.ts';
import { minuteMs } from './bins.ts';
import type { IncidentStore } from './incident-store.ts';
import type { Notice } from './notice.ts';
import { fill } from './template.ts';
import { type DeliverOptions, deliver } from './webhook.ts';

interface SendInput extends Omit<DeliverOptions, 'settings'> {
  readonly environment: Environment;
  readonly store: IncidentStore;
  readonly nowMs: number;
  /** Shows what would be sent, sends nothing and leaves it waiting. */
  readonly dryRun?: boolean;
}

interface Shown {
  readonly alert: Alert;
  /** What the webhook would get, after its template. */
  readonly body: unknown;
}

export interface Sent {
  readonly delivered: number;
  /** Refused by the receiver, too old, or of an incident that the history has lost: not tried again. */
  readonly givenUp: number;
  /** Tried again in the next round, or without a webhook. */
  readonly waiting: number;
  /** What was, or in a dry run would be, sent. */
  readonly shown: readonly Shown[];
}

/** An alert that nobody took for that long is news no more; it stays in the history. */
const giveUpAfterMs = 24 * 60 * minuteMs;
/** Of a storm, the rest follows in the next rounds. */
export const mostAtOnce = 100;

/**
 * Sends what waits, oldest first, and keeps what became of it. What can't be delivered holds back the later messages of its
 * incident; a second one ends the round, so that a dead receiver costs its time limits twice at most. At least once: a receiver that
 * took an alert and didn't get to say so sees its idempotency-key again.
 */
export async function sendAlerts(input: SendInput): Promise<Sent> {
  const { environment, store, nowMs, dryRun = false } = input;
  const { webhook } = environment.alerts;
  const shown: Shown[] = [];
  const heldBack = new Set<string>();
  let [delivered, givenUp] = [0, 0];
  for (const notice of store.notices('waiting', mostAtOnce)) {
    const [incident] = store.findIncidents(notice.key);
    if (heldBack.has(notice.key)) continue;
    // It would stand before all others for ever.
    if (!incident) {
      if (!dryRun) store.markNotice(notice.seq, 'given-up', 0, 'its incident is not in the history');
      givenUp += 1;
      continue;
    }
    if (!dryRun && nowMs - notice.atMs > giveUpAfterMs) {
      store.markNotice(notice.seq, 'given-up', 0, notice.outcome || 'nobody took it in a day');
      givenUp += 1;
      continue;
    }
    const alert = alertOf(environment, incident, notice, nowMs);
    const body = webhook?.template ? fill(webhook.template, alert) : alert;
    shown.push({ alert, body });
    if (dryRun || !webhook) continue;
    const { verdict, attempts, outcome } = await deliver(body, idempotencyKeyOf(notice), { ...input, settings: webhook });
    const delivery = deliveryOf[verdict];
    store.markNotice(notice.seq, delivery, attempts, outcome);
    if (delivery === 'delivered') delivered += 1;
    if (delivery === 'given-up') givenUp += 1;
    if (delivery !== 'waiting') continue;
    heldBack.add(notice.key);
    if (heldBack.size > 1) break;
  }
  return { delivered, givenUp, waiting: store.countNotices('waiting'), shown };
}

const deliveryOf = { delivered: 'delivered', refused: 'given-up', unreachable: 'waiting' } as const;

/** The same for every attempt at one message, and, for opening and end, at every location. */
const idempotencyKeyOf = ({ key, state, atMs }: Notice) => (state === 'reminded' ? `${key}-${state}-${atMs}` : `${key}-${state}`);
