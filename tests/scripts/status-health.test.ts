import { describe, expect, test } from 'vitest';
import { healthLines } from '../../scripts/status-health.ts';
import { type Check, day, environmentWith, type Meets, play } from '../health/day.ts';

const minuteMs = 60_000;
const nowMs = day + 40 * minuteMs;
const eastDown = ({ minute, target }: Check): Meets =>
  target === 'eastus' && minute >= 20 ? { cause: 'http', seen: 'status 503' } : undefined;
const webhook = { url: 'https://hook.example/s3cret' };

describe('what status says of incidents', () => {
  test('names a silence over one, its end and its reason', () => {
    const { store } = play({ minutes: 40, meets: eastDown });
    const lines = () => healthLines(environmentWith(), store, nowMs).join('\n');
    expect(lines()).toContain('incidents: 1 open');
    expect(lines()).not.toContain('silenced');
    store.addSilence({ subject: 'eastus', fromMs: nowMs - minuteMs, untilMs: nowMs + minuteMs, why: 'plan is moved' });
    expect(lines()).toContain('(silenced until 2026-11-23T00:41:00.000Z: plan is moved)');
    // Below tables that fill a screen.
    const [above, heading, last] = healthLines(environmentWith(), store, nowMs).slice(-3);
    expect([above, heading, last]).toEqual([
      expect.stringContaining('alerts that nobody got'),
      'incidents: 1 open',
      expect.stringContaining('fail in eastus since 00:20 UTC'),
    ]);
  });

  test.each([
    { alerts: {}, said: 'alerts that nobody got: 1 waiting, 150 given up in a day; no alerts.webhook is set' },
    { alerts: { webhook }, said: 'alerts that nobody got: 1 waiting, 150 given up in a day' },
  ])('counts the messages that nobody got: $said', ({ alerts, said }) => {
    const { store } = play({ minutes: 40, meets: eastDown });
    for (let count = 0; count < 300; count += 1) {
      store.addNotice(`lost-${count}`, 'opened', count < 150 ? day - 48 * 60 * minuteMs : day);
      const [added] = store.noticesOf(`lost-${count}`);
      store.markNotice(added?.seq ?? 0, 'given-up', 1, 'answered 410');
    }
    expect(healthLines(environmentWith({ alerts }), store, nowMs)).toContain(said);
  });

  test('says nothing of messages where all were taken', () => {
    const { store } = play({ minutes: 10, meets: () => undefined });
    expect(healthLines(environmentWith(), store, nowMs).join('\n')).not.toContain('nobody got');
  });
});
