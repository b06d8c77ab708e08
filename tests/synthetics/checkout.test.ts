import { expect, test } from 'vitest';
import { checkout } from '../../synthetics/journeys/checkout.ts';
import { runJourney } from '../../synthetics/journeys/run.ts';
import type { Transport } from '../../synthetics/journeys/transport.ts';
import { planOf } from './contract/cells.ts';

const shoe = { id: 'shoe', name: 'Shoe', brand: 'Contoso', description: 'A shoe', currency: 'EUR', priceCents: 100, sizes: [42] };
const item = { productId: 'shoe', quantity: 1 };
const good: Readonly<Record<string, readonly [number, unknown]>> = {
  'GET /api/products': [200, { total: 1, items: [shoe] }],
  'GET /api/products/{id}': [200, shoe],
  'POST /api/carts': [201, { id: 'cart', items: [], synthetic: true }],
  'POST /api/carts/{id}/items': [201, { items: [item], totalCents: 100 }],
  'DELETE /api/carts/{id}': [204, {}],
};

/** What checkout sends to a store that answers a purchase so. */
async function sentTo(status: number, headers: Readonly<Record<string, string>>): Promise<string[]> {
  const sent: string[] = [];
  const transport: Transport = {
    now: () => sent.length,
    wait: () => undefined,
    token: () => 'a-token',
    exchange({ name }) {
      sent.push(name);
      const [code, body] = good[name] ?? [status, {}];
      return { status: code, body: JSON.stringify(body), durationMs: 1, header: (key) => headers[key] };
    },
  };
  const cell = { journey: 'checkout', server: '', target: 'http://target', peer: 'http://peer', traceId: 'a'.repeat(32) };
  const { context, route } = planOf(cell);
  await runJourney(checkout, context, transport, route);
  return sent;
}

const own = { 'x-contoso-stamp': 'westeurope' };

test.each([
  { what: 'refused by the store', status: 402, headers: own, purchases: 1 },
  { what: 'refused for want of the payment API', status: 502, headers: own, purchases: 1 },
  { what: 'cut off by a gateway', status: 502, headers: {}, purchases: 2 },
  { what: 'failed half-way', status: 500, headers: own, purchases: 2 },
  { what: 'lost behind a gateway', status: 504, headers: {}, purchases: 2 },
])('a purchase that was $what is sent $purchases times, the last to find its order', async ({ status, headers, purchases }) => {
  const sent = await sentTo(status, headers);
  expect(sent.filter((name) => name === 'POST /api/orders')).toHaveLength(purchases);
  expect(sent.at(-1)).toBe('DELETE /api/carts/{id}');
});
