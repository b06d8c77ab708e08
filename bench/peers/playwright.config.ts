import { defineConfig } from '@playwright/test';

export default defineConfig({
  testMatch: 'round.spec.ts',
  outputDir: '../../test-results/peers',
  fullyParallel: true,
  workers: 1,
});
