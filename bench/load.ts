import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Collector } from '../load/collector.ts';
import { garbage, k6Run, samplesOut } from '../load/generator.ts';
import { judge } from '../load/verdict/judge.ts';
import { writeLoadReport } from '../scripts/load-report.ts';
import { typescript } from '../scripts/typescript.ts';
import { observed } from '../tests/load/sample-load.ts';
import { k6CpuMs, withTinyShop } from './k6-cpu.ts';
import { collectGarbage } from './own-cpu.ts';
import { type BenchRow, ratioOf, rowOf } from './rows.ts';

const run = promisify(execFile);
const iterations = 800;

/** CPU per iteration of a k6 as the wrapper runs it, samples and all, as a multiple of `k6 run` without an output. */
export function benchLoadCollect(): Promise<BenchRow> {
  const script = join(__dirname, 'k6', 'shared.ts');
  return withTinyShop(async (variables) => {
    const perIteration =
      (args: readonly string[], more: Record<string, string> = {}) =>
      async () =>
        (await k6CpuMs([...args, script], { ...variables, ...more, ITERATIONS: String(iterations) })) / iterations;
    const collected = perIteration([...k6Run, ...samplesOut.args], { ...garbage, ...samplesOut.variables });
    return ratioOf('load-collect: CPU per iteration of k6, collected ÷ without output', collected, perIteration(k6Run), {
      atMost: 1.1,
    });
  });
}

const header =
  'metric_name,timestamp,metric_value,check,error_code,expected_response,method,name,scenario,status,extra_tags,metadata\n';
const startMs = 1_795_470_300_000;
const ofRequest = ['http_reqs', 'http_req_duration', 'http_req_blocked', 'http_req_connecting', 'http_req_tls_handshaking'];
const moreOfRequest = ['http_req_sending', 'http_req_waiting', 'http_req_receiving', 'http_req_failed'];

/** What k6 says in one second: each request nine lines and four checks, each third one ends a journey. */
function secondOf(second: number, requests: number): string {
  const lines: string[] = [];
  for (let n = 0; n < requests; n += 1) {
    const at = startMs + second * 1000 + Math.floor((n * 1000) / requests);
    const tags = `target=westeurope&step=step-${n % 12}&journey=journey-${n % 5}`;
    for (const metric of [...ofRequest, ...moreOfRequest])
      lines.push(`${metric},${at},${(20 + (n % 53)).toFixed(6)},,,true,GET,GET /api/products,target,200,${tags},`);
    for (let rule = 0; rule < 4; rule += 1) lines.push(`checks,${at},1.000000,rule ${rule},,,,,target,,${tags},`);
    if (n % 3 === 0) lines.push(`journey_duration,${at},120.000000,,,,,,target,,${tags}&outcome=passed,`);
  }
  return `${lines.join('\n')}\n`;
}

const samplesPerRequest = 13 + 1 / 3;
const samplesPerSecond = 20_000;
const requestsPerSecond = Math.round(samplesPerSecond / samplesPerRequest);
const measurements = 7;
/** Each parses ten minutes of samples first, which takes ten times as long as what is measured. */
const reports = 3;

const cpuSeconds = (from = process.cpuUsage()) => (from.user + from.system) / 1e6;

/** Cores that the collector takes to follow 20,000 samples a second. */
export function benchLoadCollectorRate(): Promise<BenchRow> {
  const seconds = 10;
  const collector = new Collector('target');
  collector.add(header);
  const measured = Array.from({ length: measurements + 1 }, (_, round) => {
    const pieces = Array.from({ length: seconds }, (__, second) => secondOf(round * seconds + second, requestsPerSecond));
    const before = process.cpuUsage();
    for (const piece of pieces) collector.add(piece);
    return cpuSeconds(process.cpuUsage(before)) / seconds;
  });
  const name = `load-collector-rate: cores for ${samplesPerSecond} samples a second`;
  return Promise.resolve(rowOf(name, 'cores', measured.slice(1), { atMost: 0.25 }));
}

/** Heap that an hour of 20,000 samples a second leaves beyond that of its first ten minutes. */
export function benchLoadCollectorHour(): Promise<BenchRow> {
  const collector = new Collector('target');
  collector.add(header);
  const used = (from: number, to: number) => {
    for (let second = from; second < to; second += 1) collector.add(secondOf(second, requestsPerSecond));
    collectGarbage();
    return process.memoryUsage().heapUsed / 2 ** 20;
  };
  const early = used(0, 600);
  const late = used(600, 3_600);
  const name = 'load-collector-hour: heap after an hour beyond that after ten minutes';
  return Promise.resolve(rowOf(name, 'MB', [Math.max(0.1, late - early)], { atMost: 20 }, 'long'));
}

/** From k6's end to the verdict and all reports, of ten minutes at 200 requests a second, in a process of its own each time. */
export async function benchLoadReport(): Promise<BenchRow> {
  const measured: number[] = [];
  for (let n = 0; n < reports; n += 1) {
    const { stdout } = await run(process.execPath, [...typescript, __filename, 'report']);
    measured.push(Number(stdout));
  }
  return rowOf("load-report: from k6's end to verdict and report", 's', measured, { atMost: 5 });
}

function reportSeconds(): number {
  const [seconds, perSecond] = [600, 200];
  const collector = new Collector('target');
  collector.add(header);
  for (let second = 0; second < seconds; second += 1) collector.add(secondOf(second, perSecond));
  const folder = mkdtempSync(join(tmpdir(), 'bench-report-'));
  const before = performance.now();
  const run = observed({ wanted: { ratePerSecond: perSecond, durationSeconds: seconds }, samples: collector.samples() });
  writeLoadReport(folder, judge(run));
  const took = (performance.now() - before) / 1000;
  rmSync(folder, { recursive: true });
  return took;
}

if (process.argv[2] === 'report') process.stdout.write(String(reportSeconds()));
