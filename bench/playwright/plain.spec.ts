import { readFileSync } from 'node:fs';
import { expect, request, test } from '@playwright/test';
import type { Sent } from '../wire.ts';

const journeys: readonly Sent[][] = JSON.parse(readFileSync(process.env.BENCH_REQUESTS ?? '', 'utf8'));

for (const [index, requests] of journeys.entries()) {
  test(`journey ${index}`, async () => {
    const context = await request.newContext();
    for (const { url, method, headers, status } of requests) {
      const reply = await context.fetch(url, { method, headers, maxRedirects: 0 });
      expect(reply.status()).toBe(status);
      const text = await reply.text();
      if (text !== '') JSON.parse(text);
    }
    await context.dispose();
  });
}
