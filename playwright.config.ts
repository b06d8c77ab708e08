import './scripts/compile-cache.ts';
import { availableParallelism } from 'node:os';
import { defineConfig } from '@playwright/test';
import { ConfigurationError } from './fixtures/environments/errors.ts';
import { environmentOfRound } from './fixtures/environments/of-round.ts';
import { readVariables } from './fixtures/environments/variables.ts';
import { trustCertificates } from './telemetry/trust.ts';

const { budgets } = trustedOrExit();

export default defineConfig({
  testDir: 'synthetics',
  testMatch: 'availability.spec.ts',
  outputDir: 'test-results',
  globalSetup: './scripts/playwright-store.ts',
  // One project for all targets: a project each would start a worker each, 0.6 s of CPU.
  fullyParallel: true,
  // Two on one core, too: a journey waits for the store's answers most of its time.
  workers: Math.min(4, Math.max(2, availableParallelism())),
  // A journey ends itself at its limit, its clean-up at the same again; this is for what hangs in spite of it.
  timeout: 2 * budgets.journeyMs + 5_000,
  // A repeated journey would hide what a shopper met.
  retries: 0,
  reporter: [['list'], ['html', { open: 'never', outputFolder: 'playwright-report' }], ['./synthetics/reporter.ts']],
  use: { trace: 'retain-on-failure' },
});

/** All faults of the configuration as they are, without the stack of the tool that loaded it. */
function trustedOrExit() {
  try {
    // Workers load this file too: what is trusted here is trusted where requests are sent.
    trustCertificates();
    const { LOCAL_STORE_CA: localAuthority } = readVariables();
    if (localAuthority) trustCertificates(localAuthority);
    return environmentOfRound();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    console.error(error.message);
    process.exit(3);
  }
}
