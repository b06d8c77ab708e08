import { availableParallelism } from 'node:os';
import { defineConfig } from '@playwright/test';
import { trustCertificates } from '../../telemetry/trust.ts';

trustCertificates();

/** As the suite's own configuration, without its reporter. */
export default defineConfig({
  testMatch: 'plain.spec.ts',
  outputDir: '../../test-results/bench',
  fullyParallel: true,
  workers: Math.min(4, Math.max(2, availableParallelism())),
  use: { trace: 'retain-on-failure' },
});
