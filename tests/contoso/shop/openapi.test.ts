import { describe, expect, it } from 'vitest';
import { openApiDocument } from '../../../fixtures/contoso/shop/openapi.ts';
import { anonymousRoutes, routes } from '../../../fixtures/contoso/shop/routes.ts';
import { brands, catalogue, categories } from '../../../fixtures/data/catalogue.ts';
import { shopperName, syntheticShoppers } from '../../../fixtures/data/shoppers.ts';

interface Operation {
  readonly operationId: string;
  readonly parameters: { name: string; in: string; required: boolean; schema: unknown }[];
  readonly responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>;
  readonly requestBody?: unknown;
  readonly security?: unknown;
}

const document = openApiDocument(routes) as unknown as { openapi: string; paths: Record<string, Record<string, Operation>> };
const operations = routes.map((route) => ({
  route,
  operation: document.paths[route.path]?.[route.method.toLowerCase()] as Operation,
}));

describe('the OpenAPI document', () => {
  it('describes each route once, under an id of its own', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(operations.filter(({ operation }) => operation === undefined)).toEqual([]);
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(routes.length);
    expect(Object.values(document.paths).flatMap(Object.keys)).toHaveLength(routes.length);
  });

  it('declares every part of a path, and each status of a route', () => {
    for (const { route, operation } of operations) {
      const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(operation.parameters.filter((p) => p.in === 'path').map(({ name, required }) => [name, required])).toEqual(
        inPath.map((name) => [name, true]),
      );
      for (const status of Object.keys(route.responses)) expect(operation.responses[status]?.description).toBeTruthy();
      expect(operation.security).toEqual(route.auth === 'shopper' ? [{ bearer: [] }] : undefined);
      expect(operation.requestBody !== undefined).toBe(route.body !== undefined);
    }
  });

  it('gives limits and defaults of paging', () => {
    const parameters = document.paths['/api/products']?.get?.parameters ?? [];
    expect(parameters.map(({ name, required }) => [name, required])).toEqual([
      ['page', false],
      ['pageSize', false],
      ['category', false],
    ]);
    expect(parameters[0]?.schema).toMatchObject({ default: '1' });
  });

  it('requires the idempotency key and the words of a search', () => {
    const required = (path: string, method: string) =>
      document.paths[path]?.[method]?.parameters.filter((p) => p.required).map(({ name }) => name);
    expect(required('/api/orders', 'post')).toEqual(['idempotency-key']);
    expect(required('/api/search', 'get')).toEqual(['q']);
  });
});

describe('anonymous routes', () => {
  it('are browsing, health and the document, nothing else', () => {
    expect([...anonymousRoutes].sort()).toEqual([
      'GET /api/health',
      'GET /api/health/instance',
      'GET /api/products',
      'GET /api/products/{id}',
      'GET /api/products/{id}/reviews',
      'GET /api/search',
      'GET /openapi.json',
      'HEAD /api/health',
      'HEAD /api/health/instance',
    ]);
  });
});

describe('seeded data', () => {
  it('is the same for a seed, and another for another', () => {
    expect(catalogue(1)).toEqual(catalogue(1));
    expect(catalogue(1)).not.toEqual(catalogue(2));
  });

  it('has 200 shoes of all brands and categories, in sane ranges', () => {
    const shoes = catalogue(1);
    expect(new Set(shoes.map(({ id }) => id)).size).toBe(200);
    expect([shoes[0]?.id, shoes.at(-1)?.id]).toEqual(['shoe-0001', 'shoe-0200']);
    expect(new Set(shoes.map(({ category }) => category))).toEqual(new Set(categories));
    expect(new Set(shoes.map(({ brand }) => brand))).toEqual(new Set(brands));
    for (const { priceCents, rating, stock, sizes } of shoes) {
      expect(Number.isInteger(priceCents) && priceCents > 0 && stock >= 50).toBe(true);
      expect(rating).toBeGreaterThanOrEqual(3);
      expect(rating).toBeLessThanOrEqual(5);
      expect(sizes).toHaveLength(10);
    }
  });

  it('names synthetic shoppers by their id alone', () => {
    const shoppers = syntheticShoppers(50);
    expect([shoppers.length, shoppers[0]?.shopperId, shoppers[49]?.shopperId]).toEqual([50, 'synthetic-1', 'synthetic-50']);
    for (const { shopperId, name } of shoppers) expect(name).toBe(shopperName(shopperId));
  });
});
