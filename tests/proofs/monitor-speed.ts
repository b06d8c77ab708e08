import type { ProofArea, ProofRow } from './proof.ts';

async function prove(say: (line: string) => void): Promise<ProofRow[]> {
  // Loaded here alone: who only lists proofs needs none of it.
  const { benchmarks } = await import('../../bench/index.ts');
  const rows: ProofRow[] = [];
  for (const { name, measure } of benchmarks.filter((benchmark) => benchmark.name.startsWith('monitor-'))) {
    say(`measuring ${name} …`);
    const row = await measure();
    rows.push({ name: row.name, seen: `${row.value} ${row.unit}`, wanted: row.goal, holds: row.holds });
  }
  return rows;
}

export const monitorSpeed: ProofArea = {
  title: 'The monitor keeps its pace with 1,000 targets, stays flat for half an hour, and costs less than other tools',
  covers: ['synthetics', 'telemetry', 'health', 'bench/monitor', 'bench/peers'],
  prove,
};
