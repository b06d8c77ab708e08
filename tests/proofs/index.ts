import { baselines } from './baselines.ts';
import { mainJob } from './main-job.ts';
import type { ProofArea } from './proof.ts';
import { roundsHour } from './rounds-hour.ts';

/** Every area of `npm run prove -- <area>`; a new one is a row here. */
export const proofAreas: Readonly<Record<string, ProofArea>> = {
  'main-job': mainJob,
  baselines,
  'rounds-hour': roundsHour,
};
