import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileOf } from '../fixtures/environments/load.ts';
import { readVariables } from '../fixtures/environments/variables.ts';
import { archiveOf, k6Version } from '../load/distributed/archive.ts';
import { manifestsOf, writeManifests } from '../load/distributed/manifests.ts';
import { collectRunners } from '../load/distributed/runners.ts';
import { type LoadOptions, loadVariables, scriptOf, wantedOf } from '../load/run.ts';
import { judge } from '../load/verdict/judge.ts';
import type { LoadVerdict } from '../load/verdict/verdict.ts';

/** What an environment file names by `${NAME}`, beside the suite's own. */
const namesIn = (text: string) => [...new Set([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name ?? ''))];

/** Writes what k6-operator needs for a run on so many runners into `<run>/manifests`; gives the lines that say what to do with it. */
export async function writeDistributed(options: LoadOptions, runners: number, name: string): Promise<string[]> {
  const wanted = wantedOf(options);
  const variables = { ...loadVariables(options, wanted), LOAD_SEGMENTS: String(runners) };
  const folder = join(options.runDirectory, 'manifests');
  const archive = await archiveOf(scriptOf(options.scenario), { ...readVariables(), ...variables });
  const secrets = namesIn(readFileSync(fileOf(options.nameOrPath), 'utf8')).filter((key) => key in readVariables());
  const requests = wanted.ratePerSecond * wanted.durationSeconds;
  writeManifests(folder, manifestsOf({ name, runners, archive, k6Version: await k6Version(), variables, secrets, requests }));
  const secret =
    secrets.length === 0
      ? []
      : [`kubectl create secret generic ${name} ${secrets.map((key) => `--from-literal=${key}=…`).join(' ')}`];
  return [
    ...secret,
    `kubectl apply -f ${folder}`,
    `kubectl wait --for=jsonpath='{.status.stage}'=finished testrun/${name} --timeout=${Math.ceil(wanted.durationSeconds + 600)}s`,
    `kubectl cp ${name}-samples:/samples ${join(options.runDirectory, 'samples')}`,
    `npm run load -- ${options.scenario} --env ${options.nameOrPath} --distributed ${runners} --samples ${join(options.runDirectory, 'samples')}`,
    `kubectl delete -f ${folder}`,
  ];
}

/** Judges what the runners of a distributed run have left, as if one k6 had sent it all. */
export async function judgeDistributed(options: LoadOptions, runners: number, folder: string): Promise<LoadVerdict> {
  const wanted = wantedOf(options);
  const { collector, generator } = collectRunners(folder, options.scenario, runners, wanted.durationSeconds);
  const samples = collector.samples();
  const startedAtMs = samples.firstAtMs ?? Date.now();
  const endedAtMs = samples.lastAtMs ?? startedAtMs;
  const server = await options.serverMetrics?.(startedAtMs, endedAtMs);
  return judge({ wanted, samples, generator, server, startedAtMs, endedAtMs });
}
