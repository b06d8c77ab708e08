import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { ConfigurationError } from '../../fixtures/environments/errors.ts';
import { Collector, type SampleStream } from '../collector.ts';
import { readLogLine } from '../k6-log.ts';
import { readSummary } from '../k6-summary.ts';
import { brokenOff } from '../verdict/exit.ts';
import type { Generator } from '../verdict/observation.ts';

/** Runners' clocks and flushes differ: so many seconds stay open for one that is behind. */
const openSeconds = 30;
/** About 16 lines of k6, which a runner that sends anything worth measuring writes well within the open seconds. */
const pieceBytes = 2_048;
/** A runner ends its last iterations after its time, never long before it. */
const wholeShare = 0.95;
const keptErrorLines = 10;

/** Several k6 as one: they are whole when each of them is. */
export function mergedGenerator(all: readonly Generator[]): Generator {
  const broken = all.findIndex((generator) => brokenOff(generator) !== undefined);
  const worst = all[Math.max(0, broken)];
  if (!worst) throw new Error('no runner');
  const { coresUsed: _, machineBusy: __, iterations: ___, ...ended } = worst;
  const used = all.flatMap(({ coresUsed }) => coresUsed ?? []);
  const busy = all.flatMap(({ machineBusy }) => machineBusy ?? []);
  const counted = all.flatMap(({ iterations }) => iterations ?? []);
  return {
    ...ended,
    interrupted: all.some(({ interrupted }) => interrupted),
    errorLines: all.flatMap(({ errorLines }) => errorLines).slice(0, keptErrorLines),
    errorCount: all.reduce((sum, { errorCount }) => sum + errorCount, 0),
    cores: Math.max(...all.map(({ cores }) => cores)),
    // They share a machine, or nobody knows: then nothing is said.
    ...(used.length === all.length ? { coresUsed: used.reduce((sum, cores) => sum + cores, 0) } : {}),
    ...(counted.length > 0 ? { iterations: counted.reduce((sum, iterations) => sum + iterations, 0) } : {}),
    ...(busy.length > 0 ? { machineBusy: Math.max(...busy) } : {}),
    ...(broken < 0 ? {} : { runner: `${broken + 1} of ${all.length}` }),
  };
}

export interface Collected {
  readonly collector: Collector;
  readonly generator: Generator;
}

/**
 * What the runners of a distributed run have left in a folder, `<runner>.csv`, `.json` and `.log` each: all samples in one
 * collector, in the order of their time. k6-operator says `finished` whatever became of its runners, so a runner is believed
 * to have ended well only by the summary that k6 writes last.
 * @throws ConfigurationError where there is no such folder
 */
export function collectRunners(folder: string, scenario: string, runners: number, durationSeconds: number): Collected {
  const names = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.csv'))
        .sort()
    : [];
  if (names.length === 0) {
    const fault = {
      path: '--samples',
      seen: `${folder}, without a runner's samples`,
      allowed: 'a folder with a <runner>.csv for each',
    };
    throw new ConfigurationError('The command line', [fault]);
  }
  const collector = new Collector(scenario, openSeconds);
  mergeInTime(
    names.map((name) => join(folder, name)),
    () => collector.stream(),
  );
  const seen = names.map((name) => generatorOf(join(folder, basename(name, '.csv')), durationSeconds));
  const missing = Array.from({ length: Math.max(0, runners - names.length) }, () => lost('left no samples'));
  const extra = names.length > runners ? [lost(`${names.length} runners left samples, ${runners} were asked for`)] : [];
  return { collector, generator: mergedGenerator([...seen, ...missing, ...extra]) };
}

const nothing: Generator = { exitCode: 0, signal: null, interrupted: false, errorLines: [], errorCount: 0, cores: 1 };
const lost = (why: string): Generator => ({ ...nothing, exitCode: null, lost: why });

function generatorOf(runner: string, durationSeconds: number): Generator {
  const errors = (existsSync(`${runner}.log`) ? readFileSync(`${runner}.log`, 'utf8').split('\n') : []).flatMap(
    (line) => readLogLine(line) ?? [],
  );
  const said = {
    errorLines: errors.map(({ message }) => message).slice(0, keptErrorLines),
    errorCount: errors.filter(({ inIteration }) => inIteration).length,
  };
  const summary = readSummary(`${runner}.json`);
  if (!summary) return { ...lost('left no summary, so it did not end'), ...said };
  const { ranSeconds, iterations } = summary;
  if (ranSeconds < durationSeconds * wholeShare)
    return { ...lost(`ended after ${Math.round(ranSeconds)} s of ${durationSeconds} s`), ...said };
  return { ...nothing, ...said, iterations };
}

/** Reads all files a piece at a time, always on with the one that is furthest behind in time. */
function mergeInTime(files: readonly string[], open: () => SampleStream): void {
  const piece = Buffer.alloc(pieceBytes);
  const readers = files.map((file) => ({ handle: openSync(file, 'r'), stream: open(), decoder: new StringDecoder('utf8') }));
  const left = [...readers];
  for (;;) {
    const [behind, ...others] = left.sort((a, b) => a.stream.lastAtMs - b.stream.lastAtMs);
    if (!behind) break;
    const bytes = readSync(behind.handle, piece);
    if (bytes > 0) behind.stream.add(behind.decoder.write(piece.subarray(0, bytes)));
    else left.splice(0, left.length, ...others);
  }
  for (const { handle } of readers) closeSync(handle);
}
