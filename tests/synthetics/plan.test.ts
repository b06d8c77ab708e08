import { expect, test } from 'vitest';
import { journeyNames } from '../../fixtures/environments/journeys.ts';
import { journeys, notRunBecause } from '../../synthetics/journeys/index.ts';
import { peersOf, pickBy, shopperOf } from '../../synthetics/journeys/plan.ts';
import { requestFailed } from '../../synthetics/runners/trouble.ts';

const place = (name: string, region?: string) => ({ name, endpoint: '', headers: {}, ...(region !== undefined && { region }) });

test('the names that environments may use are the journeys', () => {
  expect(journeys.map(({ name }) => name)).toEqual([...journeyNames]);
});

test.each([
  ['a stamp', place('weu', 'west'), ['eus', 'sea']],
  ['the green stamp of a region', place('weu-green', 'west'), ['eus', 'sea']],
  ['the global endpoint', place('global'), ['weu', 'eus', 'sea']],
])('%s is compared with one stamp of each other region', (_, target, peers) => {
  const stamps = [place('weu', 'west'), place('weu-green', 'west'), place('eus', 'east'), place('sea', 'south')];
  expect(peersOf(stamps, target).map(({ name }) => name)).toEqual(peers);
});

test.each([
  ['checkout', { payment: 'live' }, 'payment is live and the environment does not set allowLiveCheckout'],
  ['checkout', { payment: 'live', allowLiveCheckout: true }, undefined],
  ['checkout', { payment: 'sandbox' }, undefined],
  ['cart', { payment: 'live' }, undefined],
  ['across-regions', { peers: [] }, 'there is no other region to compare with'],
  ['across-regions', {}, undefined],
] as const)('%s with %j: %s', (name, given, reason) => {
  const journey = journeys.find((one) => one.name === name);
  const conditions = { payment: 'stub', allowLiveCheckout: false, peers: ['eus'], ...given } as const;
  expect(journey && notRunBecause(journey, conditions)).toBe(reason);
});

test.each([
  [0, 'synthetic-001'],
  [49, 'synthetic-050'],
  [50, 'synthetic-001'],
])('shopper %i of 50 is %s', (index, name) => expect(shopperOf({ prefix: 'synthetic', count: 50 }, index)).toBe(name));

test('choices follow from the id and reach every item', () => {
  const choices = (id: string) =>
    Array.from(
      { length: 400 },
      (
        (pick) => () =>
          pick(5)
      )(pickBy(id)),
    );
  expect(choices('a')).toEqual(choices('a'));
  expect(choices('a')).not.toEqual(choices('b'));
  expect([...new Set(choices('a'))].sort()).toEqual([0, 1, 2, 3, 4]);
});

test.each([
  ['ENOTFOUND', 'not-resolved'],
  ['ECONNREFUSED', 'refused'],
  ['ECONNRESET', 'reset'],
  ['UND_ERR_SOCKET', 'reset'],
  ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
  ['ENETUNREACH', 'unreachable'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'untrusted'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'untrusted'],
  ['HPE_INVALID_CONSTANT', 'garbled'],
  ['UND_ERR_HEADERS_OVERFLOW', 'garbled'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'garbled'],
  ['E_NEVER_SEEN', 'unknown'],
])('%s is the trouble %s', (code, trouble) => {
  const wrapped = new AggregateError([Object.assign(new Error('made up'), { code })]);
  expect(requestFailed(Object.assign(new Error('made up'), { code }), 5).trouble).toBe(trouble);
  expect(requestFailed(wrapped, 5).trouble).toBe(trouble);
});

test('a body that is not encoded as it says is no answer in HTTP', () => {
  const error = new Error("apiRequestContext.fetch: failed to decompress 'gzip' encoding: Error: incorrect header check");
  expect(requestFailed(error, 5).trouble).toBe('garbled');
});
