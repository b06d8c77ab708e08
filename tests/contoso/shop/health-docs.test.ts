import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dependencies } from '../../../fixtures/contoso/shop/dependencies.ts';

const document = readFileSync(join(__dirname, '../../../docs/health-check.md'), 'utf8');

it('documents each dependency with its impact and time limit', () => {
  const rows = [...document.matchAll(/^\| `([a-z-]+)` \| (critical|degrades) \| (\d+) ms \|/gm)];
  const documented = rows.map(([, name, impact, limit]) => ({ name, impact, timeLimitMs: Number(limit) }));
  expect(documented).toEqual(dependencies.map(({ name, impact, timeLimitMs }) => ({ name, impact, timeLimitMs })));
});
