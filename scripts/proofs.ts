import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { proofAreas } from '../tests/proofs/index.ts';
import type { ProofArea } from '../tests/proofs/proof.ts';

const root = join(__dirname, '..');
const proofSchema = z.object({ commit: z.string().regex(/^[0-9a-f]{40}$/), rows: z.array(z.object({ holds: z.boolean() })) });

/** A line for each proof that is missing, does not hold, or is older than the code it proves. */
export function oldProofs(folder = root, areas: Readonly<Record<string, ProofArea>> = proofAreas): string[] {
  return Object.entries(areas).flatMap(([name, { covers }]) => {
    const file = join(folder, 'docs/proofs', `${name}.json`);
    if (!existsSync(file)) return [`${name}: no proof yet, npm run prove -- ${name}`];
    const { commit, rows } = proofSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    if (rows.length === 0 || !rows.every((row) => row.holds)) return [`${name}: the proof does not hold`];
    const since = commitsSince(folder, commit, covers);
    if (since === undefined) return [`${name}: its commit is not in this history`];
    return since === 0 ? [] : [`${name}: ${since} ${since === 1 ? 'commit' : 'commits'} newer than the proof`];
  });
}

function commitsSince(folder: string, commit: string, covers: readonly string[]): number | undefined {
  try {
    const log = execFileSync('git', ['log', '--oneline', `${commit}..HEAD`, '--', ...covers], {
      cwd: folder,
      encoding: 'utf8',
      stdio: 'pipe',
    });
    return log.split('\n').filter(Boolean).length;
  } catch {
    // A shallow clone, or no git at all: then nothing can be said of its age.
    return undefined;
  }
}
