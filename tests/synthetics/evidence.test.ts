import { describe, expect, test } from 'vitest';
import { evidenceOf } from '../../synthetics/runners/evidence.ts';

describe('evidence', () => {
  const wire = {
    method: 'POST' as const,
    url: 'https://shop/api/orders',
    name: 'POST /api/orders',
    headers: {
      authorization: 'Bearer secret',
      'x-azure-fdid': 'secret',
      'content-type': 'application/json',
      traceparent: '00-a-b-01',
    },
    body: 'x'.repeat(5_000),
    limitMs: 1,
  };
  const answer = {
    status: 503,
    durationMs: 1,
    body: 'y'.repeat(5_000),
    header: () => undefined,
    allHeaders: { 'set-cookie': 'session=secret', 'x-contoso-region': 'westeurope', 'content-type': ['text/plain'] },
  };

  test('keeps what helps, bounded, and no secret', () => {
    const kept = evidenceOf({ wire, answer });
    expect(JSON.stringify(kept)).not.toContain('secret');
    expect(kept.request.headers).toEqual({ 'content-type': 'application/json', traceparent: '00-a-b-01' });
    expect(kept.answer?.headers).toEqual({ 'x-contoso-region': 'westeurope', 'content-type': 'text/plain' });
    expect([kept.request.body?.length, kept.answer?.body.length]).toEqual([4_000, 4_000]);
  });

  test('hides what a page of errors repeats of the request', () => {
    const wired = {
      ...wire,
      headers: { ...wire.headers, authorization: 'Bearer t0ken-of-a-shopper', 'x-azure-fdid': 'f00d-1d' },
    };
    const body = 'Authorization: Bearer t0ken-of-a-shopper\nX-Azure-FDID: f00d-1d\nContent-Type: application/json';
    const allHeaders = { location: '/sign-in?token=t0ken-of-a-shopper' };
    const kept = evidenceOf({ wire: wired, answer: { ...answer, body, allHeaders } });
    expect(JSON.stringify(kept)).not.toMatch(/t0ken|f00d/);
    expect(kept.answer?.body).toContain('Content-Type: application/json');
    const error = new Error('invalid header f00d-1d');
    expect(evidenceOf({ wire: wired, error }).error).toBe('invalid header (not kept)');
  });

  test('says what came instead of an answer', () => {
    expect(evidenceOf({ wire, error: new Error('connection reset') })).toMatchObject({ error: 'connection reset' });
  });
});
