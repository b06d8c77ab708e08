// The round as a Playwright user would write it from a recording.
import { readFileSync } from 'node:fs';
import { expect, request, test } from '@playwright/test';
import type { Round } from './round.ts';

const round = JSON.parse(readFileSync(process.env.ROUND ?? '', 'utf8')) as Round;

for (const { name, requests } of round)
  test(name, async () => {
    const context = await request.newContext();
    for (const { method, url, headers, status, values } of requests) {
      const reply = await context.fetch(url, { method, headers, maxRedirects: 0 });
      expect(reply.status()).toBe(status);
      if (Object.keys(values).length > 0) expect(await reply.json()).toMatchObject(values);
    }
    await context.dispose();
  });
