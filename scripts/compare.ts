import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from '../fixtures/environments/errors.ts';
import { baselineFile, readBaseline } from '../load/baselines.ts';
import { sideBySide } from '../load/verdict/side-by-side.ts';
import { exitCodeOf, type LoadVerdict, loadVerdictSchema } from '../load/verdict/verdict.ts';
import { renderComparison } from '../pages/terminal.ts';
import { type ExitCode, parseFlags, runCommand } from './exit-code.ts';

/**
 * `npm run compare -- <run> <run>`: the second run against the first, each a folder in reports or a verdict.json. Latencies are
 * judged by the spread of the saved baseline where it has runs enough, RU exactly.
 * Exit codes: 0 no worse, 1 worse, 2 inconclusive, 3 wrong usage.
 */
async function main(): Promise<ExitCode> {
  const { positionals } = parseFlags({}, undefined, 'the two runs');
  const [before, after, ...more] = positionals;
  if (!before || !after || more.length > 0)
    throw fault('<run> <run>', `${positionals.length} runs`, 'two, each a folder in reports or a verdict.json');
  const [first, second] = [readRun(before), readRun(after)];
  const baseline = readBaseline(baselineFile(second.environment, second.scenario));
  const comparison = sideBySide(first, second, baseline);
  console.log(renderComparison(comparison));
  return exitCodeOf(comparison.verdict);
}

const fault = (path: string, seen: string, allowed: string) =>
  new ConfigurationError('The command line', [{ path, seen, allowed }]);

function readRun(path: string): LoadVerdict {
  for (const place of [path, join('reports', path)]) {
    const stat = statSync(place, { throwIfNoEntry: false });
    if (!stat) continue;
    const file = stat.isDirectory() ? join(place, 'verdict.json') : place;
    const parsed = loadVerdictSchema.safeParse(jsonOf(file));
    if (parsed.success) return parsed.data;
    throw fault(file, 'no verdict of a load run', 'what npm run load has written');
  }
  throw fault(path, 'nothing there', 'a folder in reports or a verdict.json');
}

/** What is not there, or no JSON, is no verdict: the schema refuses it. */
function jsonOf(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

void runCommand(main);
