import type { ProofArea, ProofRow } from './proof.ts';

/** Rows of `npm run bench` as a proof. Loads the benchmarks here alone: who only lists proofs needs none of them. */
export const measuring =
  (names: RegExp): ProofArea['prove'] =>
  async (say) => {
    const { benchmarks } = await import('../../bench/index.ts');
    const rows: ProofRow[] = [];
    for (const { name, measure } of benchmarks.filter((benchmark) => names.test(benchmark.name))) {
      say(`measuring ${name} …`);
      const row = await measure();
      rows.push({ name: row.name, seen: `${row.value} ${row.unit}`, wanted: row.goal, holds: row.holds });
    }
    return rows;
  };

const covers = ['synthetics', 'telemetry', 'health', 'bench/monitor'];

/** Three minutes on a machine that does nothing else: of its figures one is a delay. */
export const monitorPace: ProofArea = {
  title: 'The monitor keeps its pace with 1,000 targets, on half a core and in 300 MB',
  covers,
  prove: measuring(/^monitor-(missed|delay|cpu|memory)$/),
};

export const monitorFlat: ProofArea = {
  title: 'The monitor of 1,000 targets stays flat for half an hour, and tells of an outage in time',
  covers,
  prove: measuring(/^monitor-(flat|published)$/),
};

/** A minute on a machine that does nothing else. */
export const playwrightPace: ProofArea = {
  title: 'A round of all journeys on ten targets by `npx playwright test` ends within 20 s on one core',
  covers: ['synthetics', 'telemetry', 'playwright.config.ts'],
  prove: measuring(/^playwright-one-core$/),
};

export const monitorSpeed: ProofArea = {
  title: 'A warm round of the monitor costs hardly more than a bare loop, and less CPU than other tools doing the same',
  covers: [...covers, 'bench/peers'],
  prove: measuring(/^monitor-(round|newman|stepci|artillery|hurl|k6|playwright)/),
};
