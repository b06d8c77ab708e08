import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { loadVerdictSchema } from '../../load/verdict/verdict.ts';
import { availabilityResultSchema } from '../../synthetics/result.ts';
import { atMost, exactly, type ProofArea, type ProofRow } from './proof.ts';

const root = path.join(__dirname, '../..');
const longestMinutes = 2.5;
const longestTestMinutes = 20;

const reportSchema = z.object({
  results: z.array(availabilityResultSchema),
  delivery: z.object({ accepted: z.number(), undelivered: z.number() }),
  load: loadVerdictSchema,
});

interface Ended {
  readonly code: number | null;
  readonly seconds: number;
  readonly output: string;
}

/** A command in the clone, with the machine's own tools: nothing of this checkout is on its PATH. */
function run(folder: string, command: string, args: readonly string[]): Promise<Ended> {
  const ours = path.join(root, 'node_modules');
  const PATH = (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter((part) => !part.startsWith(ours) && !part.startsWith(path.join(root, '.local')));
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: folder, env: { ...process.env, PATH: PATH.join(path.delimiter) } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject).on('close', (code) => resolve({ code, output, seconds: (performance.now() - startedAt) / 1_000 }));
  });
}

async function prove(say: (line: string) => void): Promise<ProofRow[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'main-job-'));
  try {
    await run(folder, 'git', ['clone', '--quiet', root, '.']);
    say('first npm start, with set-up');
    const first = await run(folder, 'npm', ['start']);
    if (first.code !== 0) say(first.output);
    say('set-up again, with nothing missing');
    const idle = await run(folder, 'node', ['scripts/setup.mjs']);
    say('second npm start');
    const second = await run(folder, 'npm', ['start']);
    const report = reportRows(folder);
    say('npm test');
    const test = await run(folder, 'npm', ['test']);
    if (test.code !== 0) say(test.output.slice(-5_000));
    say(`npm test took ${Math.round(test.seconds)} s`);
    return [
      exactly('npm start from a fresh clone: exit code', first.code, 0),
      exactly('npm start again: exit code', second.code, 0),
      atMost('npm start again, all of it', second.seconds / 60, longestMinutes, 'minutes'),
      atMost('set-up with nothing missing', idle.seconds, 0.5, 's'),
      ...report,
      atMost('npm test, set-up of its tools included', test.seconds / 60, longestTestMinutes, 'minutes'),
      exactly('npm test: exit code', test.code, 0),
      exactly('npm test: closing line', /^\d+ passed, 0 failed$/m.test(test.output), true),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function reportRows(folder: string): ProofRow[] {
  const runs = readdirSync(path.join(folder, 'reports')).toSorted();
  const report = reportSchema.parse(
    JSON.parse(readFileSync(path.join(folder, 'reports', runs.at(-1) ?? '', 'report.json'), 'utf8')),
  );
  const { results, delivery, load } = report;
  return [
    exactly('results accepted by the ingestion endpoint', delivery.accepted, results.length),
    exactly('results undelivered', delivery.undelivered, 0),
    exactly('distinct results', new Set(results.map((r) => r.id)).size, results.length),
    exactly('results that passed', results.filter((r) => r.outcome === 'passed').length, results.length),
    exactly('load verdict', load.verdict, 'pass'),
    atMost('load: latency p95', load.judgements.find((j) => j.name === 'latency p95')?.value ?? Number.NaN, 200, 'ms'),
  ];
}

export const mainJob: ProofArea = {
  title: 'From a fresh clone, npm start and npm test do the main job',
  covers: ['fixtures', 'synthetics', 'telemetry', 'load', 'pages', 'scripts', 'package.json', 'package-lock.json'],
  prove,
};
