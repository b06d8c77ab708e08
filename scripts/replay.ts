import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError } from '../fixtures/environments/errors.ts';
import { loadEnvironment, wantedEnvironment } from '../fixtures/environments/load.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { targetsOf } from '../fixtures/environments/targets.ts';
import { readVariables } from '../fixtures/environments/variables.ts';
import { journeys } from '../synthetics/journeys/index.ts';
import { type AvailabilityResult, availabilityResultSchema, failureLine } from '../synthetics/result.ts';
import { type Check, checksOf } from '../synthetics/runners/prepare.ts';
import { type ExitCode, exitOfOutcome, parseFlags, runCommand } from './exit-code.ts';
import { keptOutbox } from './kept-outbox.ts';

const root = join(__dirname, '..');
/** Of the latest replay alone. */
const traces = join('.local', 'replay');

/**
 * `npm run replay -- <result id>`: shows what was kept of a result, and runs its journey on its target again under Playwright
 * with a trace. Nothing is published. Exit codes: 0 it passes now, 1 it fails, 2 nothing is known, 3 no such result.
 */
async function replay(signal: AbortSignal): Promise<ExitCode> {
  const { values, positionals } = parseFlags({ outbox: { type: 'string' } }, process.argv.slice(2), 'the id of a result');
  const nameOrPath = wantedEnvironment(values.env);
  const environment = loadEnvironment(nameOrPath);
  const outbox = keptOutbox(environment, values.outbox);
  const [id] = positionals;
  const result = id === undefined || positionals.length > 1 ? undefined : outbox.find(id);
  const evidence = result && outbox.evidenceOf(result.id);
  outbox.close();
  if (!result) {
    const allowed = 'the id of one result in the outbox: npm run history -- --failures shows them';
    const seen = id === undefined ? 'nothing' : JSON.stringify(positionals.join(' '));
    throw new ConfigurationError('The command line', [{ path: '', seen, allowed }]);
  }
  console.log(describe(result, evidence));
  requireRunStill(result, environment);
  return playwright(nameOrPath, result, signal);
}

function describe(result: AvailabilityResult, evidence: unknown): string {
  const { journey, target, startedAt, outcome, traceId } = result;
  return [
    `${journey} on ${target.name}, ${startedAt}: ${outcome}${outcome === 'passed' ? '' : `, ${failureLine(result)}`}`,
    `trace ${traceId}`,
    ...result.steps.map(stepLine),
    ...(evidence === undefined ? [] : ['the exchange at which it failed:', JSON.stringify(evidence, undefined, 2)]),
  ].join('\n');
}

/** `  pay: 512 ms, status 201 (dns 1, connect 12, tls 30, first byte 460, download 9 ms)` */
function stepLine({ name, durationMs, status, phases }: AvailabilityResult['steps'][number]): string {
  const ms = (part: number) => Math.round(part);
  const seen = status === undefined ? '' : `, status ${status}`;
  if (!phases) return `  ${name}: ${ms(durationMs)} ms${seen}`;
  const { dnsMs, connectMs, tlsMs, firstByteMs, downloadMs } = phases;
  const parts = `dns ${ms(dnsMs)}, connect ${ms(connectMs)}, tls ${ms(tlsMs)}, first byte ${ms(firstByteMs)}, download ${ms(downloadMs)} ms`;
  return `  ${name}: ${ms(durationMs)} ms${seen} (${parts})`;
}

/** A journey that is left out by now would be skipped, and a run of nothing pass. */
function requireRunStill({ journey, target }: AvailabilityResult, environment: Environment): void {
  const targets = targetsOf(environment);
  const { checks, leftOut } = checksOf(environment, targets);
  const isIt = (check: Check) => check.journey.name === journey && check.target.name === target.name;
  if (checks.some(isIt)) return;
  const known = [
    { path: 'journey', value: journey, allowed: journeys.map(({ name }) => name) },
    { path: 'target', value: target.name, allowed: targets.map(({ name }) => name) },
  ];
  const unknown = known.filter(({ value, allowed }) => !allowed.includes(value));
  const faults = unknown.map(({ path, value, allowed }) => ({
    path,
    seen: JSON.stringify(value),
    allowed: `one of ${allowed.join(', ')}`,
  }));
  const { reason = '' } = leftOut.find(isIt) ?? {};
  const left = { path: 'journey', seen: JSON.stringify(journey), allowed: `nothing on ${target.name} now: ${reason}` };
  throw new ConfigurationError('The result', faults.length > 0 ? faults : [left]);
}

/** Playwright matches its whole title: file, target with its tags, journey. */
const titleOf = ({ journey, target }: AvailabilityResult) => `availability\\.spec\\.ts ${target.name}( @\\S+)* ${journey}( @|$)`;

async function playwright(nameOrPath: string, result: AvailabilityResult, signal: AbortSignal): Promise<ExitCode> {
  const cli = require.resolve('@playwright/test/cli');
  // Folder and reporter of its own: it is no round, and may run beside one.
  const args = [
    cli,
    'test',
    '--grep',
    titleOf(result),
    '--trace',
    'on',
    '--workers',
    '1',
    '--reporter',
    'list,./scripts/replay-reporter.ts',
    '--output',
    traces,
  ];
  const folder = mkdtempSync(join(tmpdir(), 'replay-'));
  const file = join(folder, 'result.json');
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...readVariables(), TARGET_ENV: nameOrPath, RESULTS_FILE: file },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const stop = () => child.kill('SIGINT');
  signal.addEventListener('abort', stop, { once: true });
  await once(child, 'exit');
  signal.removeEventListener('abort', stop);
  console.log(`the trace: npx playwright show-trace ${traces}/*/trace.zip`);
  const made = existsSync(file) ? availabilityResultSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
  rmSync(folder, { recursive: true });
  if (made) return exitOfOutcome[made.outcome];
  console.log('it ended without a result: nothing is known of it now');
  return 2;
}

void runCommand(({ signal }) => replay(signal));
