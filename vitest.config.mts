import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores carry the tests and the stores, browsers and k6 processes that they start.
    maxWorkers: 2,
  },
});
