import { join } from 'node:path';
import { loadEnvironment } from '../fixtures/environments/load.ts';
import { readVariables } from '../fixtures/environments/variables.ts';
import { LoadRefused, runLoad, scenarioNamed } from '../load/run.ts';
import { exitCodeOf } from '../load/verdict/verdict.ts';
import { renderLoad } from '../pages/terminal.ts';
import { type ExitCode, parseFlags, runCommand } from './exit-code.ts';
import { caFileOf } from './local-store.ts';

const flags = {
  target: { type: 'string' },
  rate: { type: 'string' },
  duration: { type: 'string' },
} as const;

/**
 * `npm run load -- <scenario> [--env <name or path>] [--target <name or endpoint>] [--rate <requests/s>] [--duration <s>]`
 * Exit codes: 0 pass, 1 fail, 2 inconclusive, 3 wrong usage or configuration.
 */
async function load(signal: AbortSignal): Promise<ExitCode> {
  const { values, positionals } = parseFlags(flags, undefined, 'the scenario');
  const scenario = scenarioNamed(positionals);
  const nameOrPath = values.env || readVariables().TARGET_ENV || 'local';
  const environment = loadEnvironment(nameOrPath);
  const startedAt = new Date().toISOString().replace(/[:.]/g, '-');
  const runDirectory = join('reports', `load-${scenario}-${startedAt}`);
  const verdict = await runLoad({
    environment,
    nameOrPath,
    scenario,
    target: values.target,
    ratePerSecond: positive('--rate', values.rate),
    durationSeconds: positive('--duration', values.duration),
    runDirectory,
    caFile: environment.local && caFileOf(environment),
    signal,
    progress: process.stderr,
  });
  console.log(renderLoad(verdict, process.stdout.isTTY));
  console.log(`reports: ${runDirectory}`);
  return exitCodeOf(verdict.verdict);
}

function positive(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (value > 0) return value;
  throw new LoadRefused(`${flag} is ${JSON.stringify(text)}, allowed: a number above 0`);
}

void runCommand(({ signal }) =>
  load(signal).catch((error: unknown): ExitCode => {
    if (!(error instanceof LoadRefused)) throw error;
    console.error(error.message);
    return 3;
  }),
);
