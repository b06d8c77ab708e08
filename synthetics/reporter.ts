import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Reporter, TestCase, TestResult } from '@playwright/test/reporter';
import { loadEnvironment } from '../fixtures/environments/load.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { targetsOf } from '../fixtures/environments/targets.ts';
import { readVariables } from '../fixtures/environments/variables.ts';
import { annotatedRound } from './monitor/annotator.ts';
import { resultOfOne } from './one-attempt.ts';
import { publish, publishLine } from './publish.ts';
import { type AvailabilityResult, availabilityResultSchema, type Failure } from './result.ts';
import { lockRoundOrExit } from './round-lock.ts';
import { attached, evidenceAttachment, resultAttachment } from './runners/result-attachment.ts';

/** Playwright's tests as availability results: kept in the outbox, published, and counted in one line. */
export default class AvailabilityReporter implements Reporter {
  private readonly environment: Environment = loadEnvironment();
  private readonly results: AvailabilityResult[] = [];
  private readonly evidence = new Map<string, unknown>();
  private readonly leftOut: string[] = [];

  /** Made before Playwright clears the folder of traces, which the round before may still be writing. */
  constructor() {
    if (this.isOwnRound()) lockRoundOrExit(this.environment);
  }

  /** A command that reads the results file has folders of its own and may run beside; a list runs nothing. */
  private isOwnRound(): boolean {
    return readVariables().RESULTS_FILE === undefined && !process.argv.includes('--list');
  }

  /** A command that reads the results file shows them itself; otherwise Playwright's own reporters do. */
  printsToStdio(): boolean {
    return readVariables().RESULTS_FILE !== undefined;
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    if (result.status === 'skipped') {
      const reason = test.annotations.find(({ type }) => type === 'skip')?.description;
      if (reason !== undefined) this.leftOut.push(`${test.title} on ${test.parent.title}: ${reason}`);
      return;
    }
    const own = attached(result, resultAttachment);
    const made = own === undefined ? this.resultOfDead(test, result) : availabilityResultSchema.parse(own);
    if (!made) return;
    this.results.push(made);
    const exchange = attached(result, evidenceAttachment);
    if (exchange !== undefined) this.evidence.set(made.id, exchange);
  }

  async onEnd(): Promise<void> {
    for (const line of this.leftOut) console.log(`not run: ${line}`);
    // Nothing was run, as with --list.
    if (this.results.length === 0) return;
    const results = annotatedRound(this.environment, this.results);
    const delivery = await publish(this.environment, { results, evidence: this.evidence });
    const file = readVariables().RESULTS_FILE;
    if (file) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, JSON.stringify({ results, delivery, leftOut: this.leftOut }));
    }
    console.log(publishLine(results.length, delivery));
  }

  /** A test that ended without a result still was a check of a target: it hung, or the probe itself broke. */
  private resultOfDead(test: TestCase, { status, error, startTime, duration }: TestResult): AvailabilityResult | undefined {
    const target = targetsOf(this.environment).find(({ name }) => name === test.parent.title);
    if (!target) return undefined;
    const failure = failureOfDead(status, error?.message, duration);
    const outcome = failure.cause === 'timeout' ? 'failed' : 'inconclusive';
    const attempt = {
      journey: test.title,
      target,
      startMs: startTime.getTime(),
      durationMs: duration,
      outcome,
      failure,
    } as const;
    return resultOfOne(this.environment, attempt);
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals' colour codes begin with ESC
const colours = /\u001b\[[0-9;]*m/g;

function failureOfDead(status: TestResult['status'], message: string | undefined, durationMs: number): Failure {
  if (status === 'timedOut')
    return {
      step: 'start',
      rule: 'the journey to end',
      seen: `still running after ${Math.round(durationMs)} ms`,
      cause: 'timeout',
    };
  const seen = status === 'interrupted' ? 'interrupted' : (message?.replace(colours, '').split('\n')[0] ?? status);
  return { step: 'start', rule: 'a result of the journey', seen, cause: 'probe' };
}
