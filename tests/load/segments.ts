import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { k6Path, k6Run } from '../../load/generator.ts';
import type { LoadOptions } from '../../load/run.ts';
import { loadVariables, scriptOf, wantedOf } from '../../load/run.ts';

const root = join(__dirname, '../..');

export interface Segments {
  /** `<runner>.csv`, `.json` and `.log` of each, as in the volume of a distributed run. */
  readonly samples: string;
  readonly runners: readonly ChildProcess[];
  readonly ended: Promise<unknown>;
}

/** So many k6 as k6-operator would start them, each with its segment of the load, on this machine. */
export function startSegments(options: Omit<LoadOptions, 'runDirectory'>, count: number): Segments {
  const samples = mkdtempSync(join(tmpdir(), 'segments-'));
  const whole = { ...options, runDirectory: samples };
  const variables = { ...process.env, ...loadVariables(whole, wantedOf(whole)), LOAD_SEGMENTS: String(count) };
  const sequence = Array.from({ length: count + 1 }, (_, at) => (at === 0 ? '0' : at === count ? '1' : `${at}/${count}`));
  const runners = Array.from({ length: count }, (_, at) => {
    const file = join(samples, `runner-${at + 1}`);
    const part = [
      '--execution-segment',
      `${sequence[at]}:${sequence[at + 1]}`,
      '--execution-segment-sequence',
      sequence.join(','),
    ];
    const args = [...k6Run, ...(count > 1 ? part : []), '--out', `csv=${file}.csv`, `--log-output=file=${file}.log`];
    const env = { ...variables, LOAD_SUMMARY_FILE: `${file}.json`, K6_CSV_TIME_FORMAT: 'unix_milli' };
    return spawn(k6Path(), [...args, scriptOf(options.scenario)], { cwd: root, env, stdio: 'ignore' });
  });
  return { samples, runners, ended: Promise.all(runners.map((runner) => once(runner, 'exit'))) };
}

/** One k6's samples as if so many had sent them: line by line to one after the other, the summary to each with its own count. */
export async function dealt(samples: string, count: number): Promise<string> {
  const folder = join(samples, `dealt-${count}`);
  mkdirSync(folder);
  const [header = '', ...lines] = readFileSync(join(samples, 'runner-1.csv'), 'utf8').trimEnd().split('\n');
  const summary = JSON.parse(readFileSync(join(samples, 'runner-1.json'), 'utf8')) as object;
  for (let at = 0; at < count; at += 1) {
    const file = join(folder, `runner-${at + 1}`);
    const out = createWriteStream(`${file}.csv`);
    const own = lines.filter((_, index) => index % count === at);
    out.end(`${[header, ...own].join('\n')}\n`);
    await finished(out);
    const journeys = own.filter((line) => line.startsWith('journey_duration,')).length;
    writeFileSync(`${file}.json`, JSON.stringify({ ...summary, metrics: { iterations: { values: { count: journeys } } } }));
  }
  return folder;
}
