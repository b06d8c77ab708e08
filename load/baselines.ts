import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigurationError } from '../fixtures/environments/errors.ts';
import { type Baseline, baselineSchema, differences } from './verdict/baseline.ts';
import type { LoadVerdict } from './verdict/verdict.ts';

const folder = join(__dirname, 'baselines');

/** `load/baselines/local/target.json` */
export const baselineFile = (environment: string, scenario: string, from = folder) => join(from, environment, `${scenario}.json`);

/** Undefined where nobody has saved one. @throws ConfigurationError for a file that holds something else */
export function readBaseline(file: string): Baseline | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return baselineSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    const fault = { path: '', seen: 'no baseline', allowed: 'what --save-baseline writes; remove the file to begin anew' };
    throw new ConfigurationError(file, [fault], { cause });
  }
}

/** One run a line, so that a pull request shows what was added. */
export function writeBaseline(file: string, { runs, ...head }: Baseline): void {
  mkdirSync(dirname(file), { recursive: true });
  const lines = runs.map((run) => `    ${JSON.stringify(run)}`).join(',\n');
  const body = JSON.stringify(head, null, 2).replace(/\n\}$/, '');
  writeFileSync(file, `${body},\n  "runs": [\n${lines}\n  ]\n}\n`);
}

/** Where a run went: runs that asked for something else are gone by it, and nobody may learn that from the next comparison. */
export function addedTo(file: string, before: Baseline | undefined, verdict: LoadVerdict): string {
  const other = before ? differences(before, verdict) : [];
  if (other.length === 0) return `added to ${file}`;
  return `begun anew in ${file}, whose ${before?.runs.length} runs asked for something else (${other.join('; ')})`;
}
