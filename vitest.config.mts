import { defineConfig } from 'vitest/config';

/** Whole processes that judge rates, latencies or their own starving: they have the machine to themselves, at the end. */
const alone = [
  'tests/acceptance/**/*.test.ts',
  'tests/load/run.test.ts',
  'tests/contoso/contoso/autoscale-live.test.ts',
  'tests/contoso/contoso/local-store.test.ts',
  'tests/monitor/live/**/*.test.ts',
];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Whoever would sign in to Azure is told so at once: no test asks for the metadata of the machine it runs on.
    env: { AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential' },
    // Two cores carry the tests and the stores, browsers and k6 processes that they start.
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'rules', include: ['tests/**/*.test.ts'], exclude: alone, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'alone', include: alone, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
