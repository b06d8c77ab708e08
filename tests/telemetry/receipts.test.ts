import { describe, expect, it } from 'vitest';
import { type Exchange, receiptsOf, retryAfterMs } from '../../telemetry/receipts.ts';

const answer = (status: number, itemsAccepted: number, errors: unknown = [], itemsReceived = 3): Exchange => ({
  status,
  body: JSON.stringify({ itemsReceived, itemsAccepted, errors }),
});
const error = (index: number, statusCode: number, message = '') => ({ index, statusCode, message });
const verdicts = (exchange: Exchange, sent = 3) => receiptsOf(exchange, sent).map((receipt) => receipt.verdict);

describe('receipts', () => {
  const rows: [string, Exchange, string[]][] = [
    ['all accepted', answer(200, 3), ['accepted', 'accepted', 'accepted']],
    ['errors are null', answer(200, 3, null), ['accepted', 'accepted', 'accepted']],
    ['one retryable', answer(206, 2, [error(1, 500)]), ['accepted', 'later', 'accepted']],
    ['one refused', answer(206, 2, [error(2, 400)]), ['accepted', 'accepted', 'refused']],
    ['one of each', answer(206, 1, [error(0, 400), error(2, 429)]), ['refused', 'accepted', 'later']],
    ['an index twice', answer(206, 2, [error(1, 400), error(1, 400)]), ['accepted', 'refused', 'accepted']],
    ['one error unexplained', answer(206, 1, [error(0, 400)]), ['refused', 'later', 'later']],
    ['more accepted than sent', answer(200, 4), ['later', 'later', 'later']],
    ['an index out of range', answer(206, 2, [error(7, 400)]), ['later', 'later', 'later']],
    ['a negative index', answer(206, 2, [error(-1, 400)]), ['later', 'later', 'later']],
    ['400 that names one', answer(400, 0, [error(1, 400)]), ['suspect', 'refused', 'suspect']],
    ['400 that names all', answer(400, 0, [error(0, 400), error(1, 400), error(2, 400)]), ['refused', 'refused', 'refused']],
    ['400 that names none', answer(400, 0), ['suspect', 'suspect', 'suspect']],
    ['400 without a body', { status: 400, body: '' }, ['suspect', 'suspect', 'suspect']],
    ['413', { status: 413, body: '' }, ['suspect', 'suspect', 'suspect']],
    ['204', { status: 204, body: '' }, ['later', 'later', 'later']],
    ['no answer', { error: 'connection refused' }, ['later', 'later', 'later']],
  ];
  it.each(rows)('%s', (_, exchange, expected) => {
    expect(verdicts(exchange)).toEqual(expected);
  });

  it('blames the one item of a request that is refused', () => {
    expect(receiptsOf({ status: 400, body: '' }, 1)).toEqual([{ verdict: 'refused', reason: 'refused as malformed (400)' }]);
    expect(verdicts({ status: 413, body: '' }, 1)).toEqual(['refused']);
  });

  it('repeats at most 200 characters of what the endpoint said', () => {
    const [receipt] = receiptsOf(answer(206, 2, [error(0, 400, 'x'.repeat(5_000))]), 3);
    expect(receipt && 'reason' in receipt ? receipt.reason.length : 0).toBeLessThan(240);
  });

  it.each([200, 206, 400, 429, 500])('gives each item exactly one at status %i', (status) => {
    for (const sent of [0, 1, 512]) expect(receiptsOf(answer(status, sent, [], sent), sent)).toHaveLength(sent);
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(2026, 10, 23, 12);
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['soon', undefined],
    ['0', 0],
    ['-5', 0],
    ['1.5', 1_500],
    ['120', 120_000],
    ['Mon, 23 Nov 2026 12:01:00 GMT', 60_000],
    ['Mon, 23 Nov 2026 11:00:00 GMT', 0],
    ['999999999', 86_400_000],
  ])('%s means %s ms', (value, expected) => {
    expect(retryAfterMs(value, now)).toBe(expected);
  });
});
