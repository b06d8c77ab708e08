import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: '.',
  testMatch: 'on-playwright.spec.ts',
  outputDir: process.env.COLLECT ?? '',
  preserveOutput: 'never',
  reporter: 'dot',
  workers: 1,
});
