import { describe, expect, it } from 'vitest';
import { type AvailabilityResult, causes, outcomes } from '../../synthetics/result.ts';
import { availabilityEmission, duration, eventEmission, lateAfterMs } from '../../telemetry/envelope.ts';
import { aResult } from '../support/results.ts';

const startedAt = Date.parse(aResult(0).startedAt);
const emit = (changes: Partial<AvailabilityResult> = {}, now = startedAt) => availabilityEmission(aResult(0, changes), now);
const failure = { step: 'pay', rule: 'status 201', seen: '503 after 812 ms', cause: 'http' } as const;
const { target } = aResult(0);
const slot = { ...target, kind: 'slot', name: 'westeurope-staging', slot: 'staging' } as const;
const global = { kind: 'global', name: 'global', endpoint: 'https://localhost' } as const;

describe('availability envelope', () => {
  it('carries id, name, duration, location and start of the result', () => {
    expect(emit()).toMatchObject({ id: aResult(0).id, traceId: aResult(0).traceId, at: startedAt, baseType: 'AvailabilityData' });
    expect(emit().body).toEqual({
      version: 2,
      id: aResult(0).id,
      name: 'checkout',
      duration: '00:00:00.812',
      success: true,
      runLocation: 'local',
      message: 'passed',
      measurements: { 'fill the cart.durationMs': 300, 'fill the cart.requestCharge': 12.5, 'pay.durationMs': 512.4 },
    });
  });

  it.each(outcomes)('counts %s as success only when passed', (outcome) => {
    const { body, properties } = emit(outcome === 'passed' ? {} : { outcome, failure });
    expect(body.success).toBe(outcome === 'passed');
    expect(properties.outcome).toBe(outcome);
  });

  it.each(causes)('names the failed step, rule, observation and cause %s', (cause) => {
    const { body, properties } = emit({ outcome: 'failed', failure: { ...failure, cause } });
    expect(body.message).toBe('checkout › pay (westeurope): expected status 201, got 503 after 812 ms');
    expect(properties).toMatchObject({ failedStep: 'pay', rule: 'status 201', seen: '503 after 812 ms', cause });
  });

  it('says inconclusive without a failure rather than passed', () => {
    expect(emit({ outcome: 'inconclusive' }).body.message).toBe('inconclusive');
  });

  it.each([
    ['a stamp', target, 'checkout', { stamp: 'westeurope', region: 'westeurope', target: 'westeurope', targetKind: 'stamp' }],
    ['a slot', slot, 'checkout [staging]', { slot: 'staging', target: 'westeurope-staging', targetKind: 'slot' }],
    ['the global endpoint', global, 'checkout', { target: 'global', targetKind: 'global' }],
  ])('names %s', (_, of, name, properties) => {
    const emission = emit({ target: of });
    expect(emission.body.name).toBe(name);
    expect(emission.properties).toMatchObject(properties);
    for (const key of ['stamp', 'region', 'slot'] as const)
      expect(emission.properties[key]).toBe((of as Record<string, string>)[key]);
  });

  it('says who served it, how often it was tried and what to know', () => {
    const [attempt] = aResult(0).attempts;
    if (!attempt) throw new Error('a result has an attempt');
    expect(emit({ attempts: [attempt, attempt], warnings: ['a cookie pins clients', 'cart left'] }).properties).toMatchObject({
      servedByRegion: 'westeurope',
      servedByStamp: 'westeurope',
      servedByInstance: 'i-1',
      servedByBuild: '1.2.3',
      attempts: '2',
      warnings: 'a cookie pins clients; cart left',
      environment: 'test',
      journey: 'checkout',
    });
    const { servedBy: _, ...unserved } = aResult(0);
    expect(Object.keys(availabilityEmission(unserved, startedAt).properties)).not.toContain('servedByRegion');
  });

  it('adds up a step that was done twice', () => {
    const [step] = aResult(0).steps;
    if (!step) throw new Error('a result has a step');
    expect(emit({ steps: [step, step] }).body.measurements).toEqual({
      'fill the cart.durationMs': 600,
      'fill the cart.requestCharge': 25,
    });
  });
});

describe('where the time went', () => {
  it('is a sum over all requests, and absent where a runner can’t see it', () => {
    const phases = { dnsMs: 1.26, connectMs: 2, tlsMs: 3.5, firstByteMs: 40, downloadMs: 0.5 };
    const steps = aResult(0).steps.map((step) => ({ ...step, phases }));
    expect(emit({ steps }).body.measurements).toMatchObject({
      dnsMs: 2.5,
      connectMs: 4,
      tlsMs: 7,
      firstByteMs: 80,
      downloadMs: 1,
    });
    expect(Object.keys(emit().body.measurements as object)).not.toContain('dnsMs');
  });
});

describe('lengths', () => {
  it.each([
    ['8,192 of one byte', 'x'.repeat(8_192), 8_192],
    ['8,193 of one byte', 'x'.repeat(8_193), 8_192],
    ['4,096 of two bytes', 'é'.repeat(4_096), 8_192],
    ['three bytes across the bound', '€'.repeat(3_000), 8_190],
    ['four bytes across the bound', `x${'👟'.repeat(2_048)}`, 8_189],
  ])('of a property are cut to whole characters: %s', (_, seen, bytes) => {
    const value = emit({ outcome: 'failed', failure: { ...failure, seen } }).properties.seen ?? '';
    expect(Buffer.byteLength(value)).toBe(bytes);
    expect(seen.startsWith(value)).toBe(true);
  });

  it('of the message are cut at 32,768', () => {
    const { body, bytes } = emit({ outcome: 'failed', failure: { ...failure, seen: 'x'.repeat(100_000) } });
    expect(String(body.message)).toHaveLength(32_768);
    expect(bytes).toBeLessThan(64 * 1_024);
  });

  it('of measurement names are cut at 150', () => {
    const [step] = aResult(0).steps;
    if (!step) throw new Error('a result has a step');
    const names = Object.keys(emit({ steps: [{ ...step, name: 's'.repeat(400) }] }).body.measurements as object);
    expect(names.map((name) => name.length <= 150)).toEqual([true, true]);
  });

  it('are counted as the endpoint counts, in bytes', () => {
    const plain = emit().bytes;
    expect(emit({ location: 'Zürich' }).bytes - plain).toBe(Buffer.byteLength('Zürich') - 'local'.length);
  });
});

describe('duration', () => {
  it.each([
    [0, '00:00:00.000'],
    [0.4, '00:00:00.000'],
    [999.5, '00:00:01.000'],
    [1_234, '00:00:01.234'],
    [59_999.9, '00:01:00.000'],
    [3_599_999, '00:59:59.999'],
    [3_600_000, '01:00:00.000'],
    [86_399_999, '23:59:59.999'],
    [86_400_000, '1.00:00:00.000'],
    [90_061_001, '1.01:01:01.001'],
  ])('of %d ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

describe('late', () => {
  it.each([
    [0, false],
    [lateAfterMs, false],
    [lateAfterMs + 1, true],
    [-60_000, false],
  ])('after %d ms is %s', (age, late) => {
    const emission = emit({}, startedAt + age);
    expect(emission).toMatchObject({ late, at: startedAt });
    expect(emission.properties.late).toBe(late ? 'true' : undefined);
    expect(emission.properties.originalTime).toBe(late ? aResult(0).startedAt : undefined);
  });
});

describe('event envelope', () => {
  const event = { id: '00000000000000ff', name: 'load verdict', at: aResult(0).startedAt, properties: { verdict: 'pass' } };

  it('carries its id as a property, since events have none', () => {
    expect(eventEmission({ ...event, measurements: { rate: 60 } }, startedAt)).toMatchObject({
      id: event.id,
      baseType: 'EventData',
      at: startedAt,
      traceId: undefined,
      body: { version: 2, name: 'load verdict', measurements: { rate: 60 } },
      properties: { verdict: 'pass', id: event.id },
    });
  });

  it('is late like any other', () => {
    expect(eventEmission({ ...event, measurements: {} }, startedAt + lateAfterMs + 1).properties.late).toBe('true');
  });
});
