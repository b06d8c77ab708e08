import type { LoadVerdict } from '../../load/verdict/verdict.ts';
import { type AutoscaleRun, autoscaleRuns, runAutoscale } from '../support/autoscale-run.ts';
import { exactly, type ProofArea, type ProofRow } from './proof.ts';

/** A machine that was busy with something else has shown nothing, and is asked again. */
const mostAttempts = 3;

async function conclusive(run: AutoscaleRun, say: (line: string) => void): Promise<LoadVerdict> {
  for (let attempt = 1; ; attempt += 1) {
    const seen = await runAutoscale(run);
    if (seen.verdict !== 'inconclusive' || attempt === mostAttempts) return seen;
    say(`${run.title}: inconclusive, ${seen.reasons[0]}`);
  }
}

async function prove(say: (line: string) => void): Promise<ProofRow[]> {
  const rows: ProofRow[] = [];
  for (const run of autoscaleRuns) {
    const { verdict, reasons, judgements } = await conclusive(run, say);
    const [first = 'no reason'] = reasons;
    say(`${run.title}: ${verdict}, ${first}`);
    rows.push(exactly(`${run.title}: verdict`, verdict, run.expected));
    if (run.names)
      rows.push({ name: `${run.title}: first reason`, seen: first, wanted: String(run.names), holds: run.names.test(first) });
    else
      for (const { name, value = Number.NaN, limit, unit } of judgements.filter(
        ({ unit: of }) => of === 'min' || of === 'instances',
      ))
        rows.push({
          name: `${run.title}: ${name}`,
          seen: `${Number(value.toFixed(1))} ${unit}`,
          wanted: `limit ${limit} ${unit}`,
          holds: verdict === 'pass',
        });
  }
  return rows;
}

export const autoscale: ProofArea = {
  title: 'A right-sized plan passes the autoscale scenario, and each fault of a plan fails it by name',
  covers: ['load/verdict', 'load/k6/autoscale.ts', 'fixtures/contoso/azure/app-service', 'scripts/autoscale-metrics.ts'],
  prove,
};
