import { defineConfig } from 'vitest/config';

/** Whole processes that judge rates, latencies or their own starving: they have the machine to themselves, at the end. */
const alone = [
  'tests/acceptance/{autoscale,control,cosmos-ru,gate,health}.test.ts',
  'tests/load/run.test.ts',
  'tests/contoso/contoso/autoscale-live.test.ts',
];

/** Whole processes that judge states: they share the machine, but not with the rules. */
const live = [
  'tests/monitor/live/**/*.test.ts',
  'tests/acceptance/**/*.test.ts',
  'tests/load/by-hand.test.ts',
  'tests/contoso/contoso/local-store.test.ts',
];

/** Those of a lower order end before the next begin. */
const project = (name: string, groupOrder: number, which: { include: string[]; exclude?: string[]; maxWorkers?: number }) => ({
  extends: true as const,
  test: { name, ...which, sequence: { groupOrder } },
});

export default defineConfig({
  test: {
    // Wide, for a machine that others keep busy: what must be quick says so itself.
    testTimeout: 150_000,
    hookTimeout: 150_000,
    // Whoever would sign in to Azure is told so at once: no test asks for the metadata of the machine it runs on.
    env: { AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential' },
    // Two cores carry the tests and the stores, browsers and k6 processes that they start; a third works while others wait.
    maxWorkers: 3,
    projects: [
      project('rules', 0, { include: ['tests/**/*.test.ts'], exclude: [...live, ...alone] }),
      project('live', 1, { include: live, exclude: alone }),
      project('alone', 2, { include: alone, maxWorkers: 1 }),
    ],
  },
});
