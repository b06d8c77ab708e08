import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from '@playwright/test';
import { describe } from '../../../synthetics/journeys/failures.ts';
import { journeys } from '../../../synthetics/journeys/index.ts';
import { runJourney } from '../../../synthetics/journeys/run.ts';
import { PlaywrightTransport, playwrightHooks } from '../../../synthetics/runners/playwright.ts';
import { type Cell, planOf, type Told, token } from './cells.ts';

const cells = JSON.parse(readFileSync(process.env.CELLS ?? '', 'utf8')) as Cell[];

for (const cell of cells) {
  test(`${cell.journey} on ${cell.server}`, async () => {
    const journey = journeys.find(({ name }) => name === cell.journey);
    if (!journey) throw new Error(`no journey ${cell.journey}`);
    const rules: Told[] = [];
    const rule = (text: string, holds: boolean, seen: unknown, step: string) => {
      rules.push({ rule: text, holds, seen: describe(seen), step });
    };
    const { context, route } = planOf(cell);
    const transport = new PlaywrightTransport({ token: () => Promise.resolve(token) });
    const record = await runJourney(journey, context, transport, route, { ...playwrightHooks, rule });
    await transport.close();
    writeFileSync(join(process.env.COLLECT ?? '', `${cell.traceId}.json`), JSON.stringify({ cell, record, rules }));
  });
}
