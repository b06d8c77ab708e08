import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkImports, forbiddenImports, importRules, importsOf } from '../../scripts/imports.ts';

const root = join(__dirname, '../..');

describe('the import table', () => {
  it('holds for the tree as it is', () => expect(checkImports(root)).toBe(''));

  it('has a row for every stage but those that may import all', () => {
    const stages = ['fixtures/environments', 'fixtures/contoso', 'synthetics', 'load', 'telemetry', 'health', 'pages'];
    expect(importRules.map(({ of }) => of)).toEqual(expect.arrayContaining(stages));
  });

  it.each([
    ['synthetics/journeys/checkout.ts', 'undici', 'npm packages'],
    ['synthetics/journeys/checkout.ts', 'node:crypto', 'Node'],
    ['synthetics/journeys/checkout.ts', 'k6', 'k6'],
    ['synthetics/journeys/checkout.ts', '../result.ts', 'the record'],
    ['synthetics/journeys/checkout.ts', '../../fixtures/environments/schema.ts', 'environments'],
    ['synthetics/result.ts', './journeys/run.ts', 'the engine'],
    ['synthetics/result.ts', 'node:crypto', 'Node'],
    ['synthetics/runners/node.ts', '../../fixtures/contoso/contoso.ts', 'the store'],
    ['synthetics/runners/node.ts', '../../load/run.ts', 'load'],
    ['synthetics/publish.ts', 'applicationinsights', 'the SDK'],
    ['synthetics/publish.ts', '../scripts/exit-code.ts', 'commands'],
    ['load/k6/shopper.ts', 'node:fs', 'Node'],
    ['load/k6/shopper.ts', 'zod', 'npm packages'],
    ['load/k6/shopper.ts', '../verdict/judge.ts', 'the verdict'],
    ['load/k6/shopper.ts', '../../fixtures/environments/load.ts', 'what reads files'],
    ['load/k6/shopper.ts', '../../fixtures/environments/schema.ts', 'zod by way of the schema'],
    ['load/scenarios/target.ts', '../run.ts', 'the wrapper'],
    ['load/run.ts', '../telemetry/outbox.ts', 'telemetry'],
    ['load/run.ts', '../synthetics/runners/node.ts', 'other runners'],
    ['load/verdict/judge.ts', '../../pages/terminal.ts', 'pages'],
    ['telemetry/deliver.ts', '../synthetics/publish.ts', 'who uses it'],
    ['telemetry/deliver.ts', '../fixtures/environments/load.ts', 'environments'],
    ['telemetry/deliver.ts', '@playwright/test', 'a runner'],
    ['health/evaluate.ts', '../telemetry/outbox.ts', 'telemetry beyond its types'],
    ['health/evaluate.ts', '@azure/monitor-query-metrics', 'Azure SDKs'],
    ['health/deploy/arm.ts', '@azure/arm-monitor', 'an SDK beyond its types'],
    ['fixtures/environments/load.ts', '../contoso/options.ts', 'the store'],
    ['fixtures/environments/load.ts', '../../synthetics/journeys/index.ts', 'journeys'],
    ['fixtures/contoso/contoso.ts', '../environments/schema.ts', 'environments'],
    ['fixtures/contoso/contoso.ts', '../../telemetry/envelope.ts', 'telemetry'],
    ['fixtures/contoso/contoso.ts', 'applicationinsights', 'the SDK'],
    ['fixtures/data/catalogue.ts', '../contoso/contoso.ts', 'the store'],
    ['pages/terminal.ts', '../telemetry/deliver.ts', 'telemetry'],
    ['pages/terminal.ts', '../load/run.ts', 'load beyond the verdict'],
  ])('keeps %s from importing %s (%s)', (file, specifier) => {
    const [line, ...more] = forbiddenImports(file, `// first\nimport { x } from '${specifier}';\n`);
    expect(line).toMatch(new RegExp(`^${file}:2 imports .*; .* may import `));
    expect(more).toEqual([]);
  });

  it.each([
    ['synthetics/journeys/checkout.ts', "import { expectStatus } from './rules.ts'"],
    ['synthetics/result.ts', "import type { Cause } from './journeys/failures.ts'"],
    ['synthetics/runners/playwright.ts', "import { test } from '@playwright/test'"],
    ['synthetics/reporter.ts', "import type { Reporter } from '@playwright/test/reporter'"],
    ['load/k6/shopper.ts', "import http from 'k6/http'"],
    ['load/k6/ready.ts', "import type { Environment } from '../../fixtures/environments/schema.ts'"],
    ['load/k6/ready.ts', "import { type Environment } from '../../fixtures/environments/schema.ts'"],
    ['telemetry/envelope.ts', "import type { AvailabilityResult } from '../synthetics/result.ts'"],
    ['telemetry/application-insights.ts', "import { useAzureMonitor } from 'applicationinsights'"],
    ['health/evaluate.ts', "import type { Delivery } from '../telemetry/deliver.ts'"],
    ['health/deploy/arm.ts', "import type { Alert } from '@azure/arm-monitor'"],
    ['scripts/start.ts', "import { startContoso } from '../fixtures/contoso/contoso.ts'"],
    ['tests/load/run.test.ts', "import { runLoad } from '../../load/run.ts'"],
    ['bench/outbox.ts', "import { deliver } from '../telemetry/deliver.ts'"],
    ['synthetics/runners/node.ts', "import { join } from 'path'"],
  ])('lets %s: %s', (file, text) => expect(forbiddenImports(file, text)).toEqual([]));

  it('takes a name that only begins like an allowed one for another', () => {
    expect(forbiddenImports('load/run.ts', "import '../fixtures/environments-old/schema.ts'")).toHaveLength(1);
    expect(forbiddenImports('load/run.ts', "import 'zod-extra'")).toHaveLength(1);
  });
});

describe('imports', () => {
  it.each([
    ["import a from 'x'", false],
    ["import 'x'", false],
    ["import a, { type B } from 'x'", false],
    ["import { type B, c } from 'x'", false],
    ["import { type B } from 'x'", true],
    ["import type { B } from 'x'", true],
    ["import type * as b from 'x'", true],
    ["export * from 'x'", false],
    ["export { a } from 'x'", false],
    ["export type { A } from 'x'", true],
    ["const a = await import('x')", false],
    ["const a = require('x')", false],
    ['const a = require(`x`)', false],
    ["type A = import('x').A", true],
    ["function f(): void { void import('x'); }", false],
  ])('are found in: %s', (text, typeOnly) => {
    expect(importsOf(`\n${text}`)).toEqual([{ specifier: 'x', typeOnly, line: 2 }]);
  });

  it.each(["// import a from 'x'", 'const a = "import(\'x\')"', 'require(name)', 'export const x = 1'])(
    'are not seen in: %s',
    (text) => {
      expect(importsOf(text)).toEqual([]);
    },
  );
});
