import { expect, it } from 'vitest';
import { createRouteMatcher } from '../../../fixtures/contoso/azure/app-service/routes.ts';
import { serviceMsOf } from '../../../fixtures/contoso/azure/app-service/service-times.ts';
import { skuOf } from '../../../fixtures/contoso/azure/app-service/skus.ts';

const routeOf = createRouteMatcher([
  { method: 'GET', path: '/api/products' },
  { method: 'GET', path: '/api/products/{id}' },
  { method: 'GET', path: '/api/products/{id}/reviews' },
  { method: 'DELETE', path: '/api/products/{id}' },
  { method: 'GET', path: '/api/{anything}/top' },
  { method: 'GET', path: '/api/products/top' },
]);

it.each([
  ['GET', '/api/products', 'GET /api/products'],
  ['GET', '/api/products?page=2&x=/a/b', 'GET /api/products'],
  ['GET', '/api/products/shoe-1', 'GET /api/products/{id}'],
  ['GET', '/api/products/shoe-1?x', 'GET /api/products/{id}'],
  ['GET', '/api/products/top', 'GET /api/products/top'],
  ['GET', '/api/orders/top', 'GET /api/{anything}/top'],
  ['GET', '/api/products/shoe-1/reviews', 'GET /api/products/{id}/reviews'],
  ['DELETE', '/api/products/shoe-1', 'DELETE /api/products/{id}'],
  ['POST', '/api/products', 'POST (other)'],
  ['GET', '/', 'GET (other)'],
  ['GET', '/api/products/a/b/c', 'GET (other)'],
])('%s %s is counted as %s', (method, url, expected) => expect(routeOf(method, url)).toBe(expected));

it.each([
  ['POST /api/orders', 60],
  ['GET /api/health', 1],
  ['GET (other)', 1],
])('%s takes %i ms of a core', (route, expected) => expect(serviceMsOf(route)).toBe(expected));

// App Service plan tiers: Basic has no slots and no autoscale; Standard scales to ten.
it.each([
  ['B1', { cores: 1, memoryGb: 1.75, maxInstances: 3, slots: 0, autoscale: false }],
  ['S2', { cores: 2, memoryGb: 3.5, maxInstances: 10, slots: 5, autoscale: true }],
])('%s is %o', (name, expected) => expect(skuOf(name)).toEqual(expected));

it('refuses a size that it does not know', () =>
  expect(() => skuOf('S9')).toThrow('unknown App Service size S9; known: B1, S1, S2'));
