import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Environment } from '../fixtures/environments/schema.ts';
import { targetsOf } from '../fixtures/environments/targets.ts';
import { readVariables } from '../fixtures/environments/variables.ts';
import { type AvailabilityResult, availabilityResultSchema } from '../synthetics/result.ts';
import { checksOf } from '../synthetics/runners/prepare.ts';

const root = path.join(__dirname, '..');
/** Playwright's own code for tests that failed; any other but 0 is a fault of the run. */
const testsFailed = 1;
const killAfterMs = 5_000;

const roundSchema = z.object({
  results: z.array(availabilityResultSchema),
  delivery: z.object({ accepted: z.number(), undelivered: z.number(), parked: z.number(), reason: z.string().optional() }),
  leftOut: z.array(z.string()),
});

/** What the reporter wrote of one round of journeys, and what went wrong with the round itself. */
export interface JourneyRound extends z.infer<typeof roundSchema> {
  readonly faults: readonly string[];
}

/** Every journey on every target by Playwright Test, as `npx playwright test` does it; leaves no process behind. */
export async function runJourneys(
  environment: Environment,
  nameOrPath: string,
  resultsFile: string,
  signal: AbortSignal,
): Promise<JourneyRound> {
  const code = await playwright(nameOrPath, resultsFile, signal);
  const nothing = { results: [], delivery: { accepted: 0, undelivered: 0, parked: 0 }, leftOut: [] };
  if (!existsSync(resultsFile)) return { ...nothing, faults: [`Playwright ended with ${code} and without results`] };
  const round = roundSchema.parse(JSON.parse(readFileSync(resultsFile, 'utf8')));
  return { ...round, faults: faultsOf(environment, round.results, code) };
}

/** Missing results that a line names; of the others it says how many. */
const mostNamed = 5;

/** What is wrong with a round beside what its results say: a result that isn't there says nothing, and passes nothing. */
export function faultsOf(environment: Environment, results: readonly AvailabilityResult[], code: number | string): string[] {
  const there = new Set(results.map(({ journey, target }) => `${journey} on ${target.name}`));
  const { checks } = checksOf(environment, targetsOf(environment));
  const missing = checks.map(({ journey, target }) => `${journey.name} on ${target.name}`).filter((name) => !there.has(name));
  const more = missing.length > mostNamed ? ` and ${missing.length - mostNamed} more` : '';
  const isExplained = code === 0 || (code === testsFailed && results.some(({ outcome }) => outcome !== 'passed'));
  return [
    ...(isExplained ? [] : [`Playwright ended with ${code}, which no result explains`]),
    ...(missing.length === 0
      ? []
      : [`${missing.length} of ${checks.length} results are missing: ${missing.slice(0, mostNamed).join(', ')}${more}`]),
  ];
}

/** The exit code, or the signal that ended it. */
async function playwright(nameOrPath: string, resultsFile: string, signal: AbortSignal): Promise<number | string> {
  const variables = { ...readVariables(), TARGET_ENV: nameOrPath, RESULTS_FILE: path.resolve(resultsFile) };
  const cli = require.resolve('@playwright/test/cli');
  // Traces of failures stand beside the run's report; two runs at once don't clear each other's.
  const traces = `--output=${path.join(path.dirname(path.resolve(resultsFile)), 'traces')}`;
  // A process group of its own: Ctrl-C reaches it, and its workers, through us alone.
  const child = spawn(process.execPath, [cli, 'test', '--reporter=./synthetics/reporter.ts', traces], {
    cwd: root,
    env: variables,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  const group = (how: NodeJS.Signals) => child.pid !== undefined && child.exitCode === null && process.kill(-child.pid, how);
  let hard: NodeJS.Timeout | undefined;
  const stop = () => {
    group('SIGINT');
    hard = setTimeout(() => group('SIGKILL'), killAfterMs);
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const [code, ended] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? ended ?? 'no code';
  } finally {
    clearTimeout(hard);
    signal.removeEventListener('abort', stop);
  }
}
