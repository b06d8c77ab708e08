import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import local from '../../fixtures/environments/local.json';
import { Collector } from '../../load/collector.ts';
import { type Manifest, type ManifestOptions, manifestsOf, writeManifests } from '../../load/distributed/manifests.ts';
import { collectRunners, mergedGenerator } from '../../load/distributed/runners.ts';
import { brokenOff } from '../../load/verdict/exit.ts';
import { judge } from '../../load/verdict/judge.ts';
import { typescript } from '../../scripts/typescript.ts';
import { environmentAt } from './live.ts';
import { observed } from './sample-load.ts';

const root = join(__dirname, '../..');
const folders: string[] = [];
const folder = () => {
  folders.push(mkdtempSync(join(tmpdir(), 'distributed-')));
  return folders.at(-1) as string;
};
afterAll(() => {
  for (const each of folders) rmSync(each, { recursive: true, force: true });
});

const options: ManifestOptions = {
  name: 'load-target-1',
  runners: 3,
  archive: Buffer.from('an archive'),
  k6Version: '1.8.1',
  variables: { TARGET_ENV: 'production', LOAD_DURATION_SECONDS: '60', LOAD_SEGMENTS: '3' },
  secrets: ['SHOPPER_CLIENT_SECRET'],
  requests: 3600,
};

/** Kubernetes' own and k6-operator's kinds by the schemas of this suite: no network is needed. */
function kubeconform(manifests: Readonly<Record<string, Manifest>>) {
  const where = folder();
  writeManifests(where, manifests);
  const schemas = join(root, 'load/distributed/schemas/{{.ResourceKind}}.json');
  const args = ['-strict', '-summary', '-schema-location', schemas, where];
  const { status, stdout } = spawnSync(join(root, '.local/bin/kubeconform'), args, { encoding: 'utf8' });
  return { status, stdout };
}

describe('the manifests of a distributed run', () => {
  const manifests = manifestsOf(options);
  const spec = manifests.testrun?.spec as {
    runner: { env: { name: string; value?: string }[] };
    arguments: string;
    parallelism: number;
  };

  it('are what k6-operator and Kubernetes take', () => {
    const { status, stdout } = kubeconform(manifests);
    expect(stdout).toContain('7 resources found in 7 files - Valid: 7, Invalid: 0, Errors: 0, Skipped: 0');
    expect(status).toBe(0);
  });

  it.each([
    { title: 'a parallelism in words', change: { parallelism: 'three' } },
    { title: 'a field that the operator does not know', change: { runners: 3 } },
    { title: 'no script', change: { script: undefined } },
    { title: 'two scripts', change: { script: { configMap: { name: 'a' }, localFile: '/a.js' } } },
  ])('are refused with $title', ({ change }) => {
    const { status, stdout } = kubeconform({ testrun: { ...manifests.testrun, kind: 'TestRun', spec: { ...spec, ...change } } });
    expect(stdout).toMatch(/TestRun load-target-1 is invalid/);
    expect(status).toBe(1);
  });

  it('carry the archive whole and no secret', () => {
    const { binaryData } = manifests.configmap as unknown as { binaryData: Record<string, string> };
    expect(Buffer.from(binaryData['archive.tar'] ?? '', 'base64')).toEqual(options.archive);
    expect(spec.runner.env).toContainEqual({
      name: 'SHOPPER_CLIENT_SECRET',
      valueFrom: { secretKeyRef: { name: 'load-target-1', key: 'SHOPPER_CLIENT_SECRET' } },
    });
  });

  it('have each runner leave its samples, its summary and its log', () => {
    expect(spec.arguments).toContain('--out csv=/samples/$(RUNNER).csv --log-output=file=/samples/$(RUNNER).log');
    expect(spec.runner.env.findIndex(({ name }) => name === 'RUNNER')).toBe(0);
    const values = Object.fromEntries(spec.runner.env.map(({ name, value }) => [name, value]));
    expect(values).toMatchObject({
      LOAD_SUMMARY_FILE: '/samples/$(RUNNER).json',
      LOAD_SEGMENTS: '3',
      K6_CSV_TIME_FORMAT: 'unix_milli',
    });
  });

  it('are none for an archive that no ConfigMap holds', () => {
    expect(() => manifestsOf({ ...options, archive: Buffer.alloc(800_000) })).toThrow(
      /archive: got 800000 bytes; allowed: 786432/,
    );
  });
});

describe('npm run load -- --distributed', () => {
  const load = (...args: string[]) =>
    spawnSync(process.execPath, [...typescript, 'scripts/load.ts', 'target', ...args], {
      cwd: root,
      encoding: 'utf8',
    });

  it('writes a scenario that runs from its archive alone, and says what to do', () => {
    const { status, stdout, stderr } = load('--env', 'local', '--distributed', '2', '--duration', '5');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const manifests = /^kubectl apply -f (\S+)$/m.exec(stdout)?.[1] ?? '';
    folders.push(join(root, manifests, '..'));
    expect(stdout).toMatch(/npm run load -- target --env local --distributed 2 --samples \S+samples$/m);
    const schemas = join(root, 'load/distributed/schemas/{{.ResourceKind}}.json');
    execFileSync(join(root, '.local/bin/kubeconform'), ['-strict', '-schema-location', schemas, join(root, manifests)]);
    const [configMap = ''] = readdirSync(join(root, manifests)).filter((name) => name.includes('configmap'));
    const { binaryData } = JSON.parse(readFileSync(join(root, manifests, configMap), 'utf8')) as {
      binaryData: Record<string, string>;
    };
    const alone = folder();
    writeFileSync(join(alone, 'archive.tar'), Buffer.from(binaryData['archive.tar'] ?? '', 'base64'));
    const inspected = execFileSync(join(root, '.local/bin/k6'), ['inspect', '--execution-requirements', 'archive.tar'], {
      cwd: alone,
      encoding: 'utf8',
      env: {},
    });
    expect(JSON.parse(inspected)).toMatchObject({
      totalDuration: '15s',
      scenarios: { target: { duration: '5s', preAllocatedVUs: 40 } },
    });
    expect(execFileSync('tar', ['xOf', 'archive.tar', 'metadata.json'], { cwd: alone, encoding: 'utf8' })).toMatch(
      /"env": null,\s+"compatibilityMode"/,
    );
  });

  it.each([
    { args: ['--distributed', 'two'], says: /--distributed: got "two"; allowed: a whole number above 0/ },
    {
      args: ['--distributed', '2', '--save-baseline'],
      says: /--save-baseline: got beside --distributed; allowed: on a run of one/,
    },
    { args: ['--distributed', '2', '--samples', '/nowhere'], says: /--samples: got \/nowhere, without a runner's samples/ },
  ])('refuses $args', ({ args, says }) => {
    const { status, stdout, stderr } = load('--env', 'local', ...args);
    expect(stdout + stderr).toMatch(says);
    expect(status).toBe(3);
  });
});

const { generator: whole } = observed();
describe('several k6 as one', () => {
  it.each([
    { title: 'all whole', change: {}, says: undefined },
    { title: 'one killed', change: { signal: 'SIGKILL', exitCode: null }, says: 'runner 2 of 3 was killed by SIGKILL' },
    { title: 'one aborted', change: { exitCode: 108, errorLines: ['no store'] }, says: 'the script aborted the run: no store' },
    { title: 'one not seen ending', change: { exitCode: null, lost: 'left no summary' }, says: 'runner 2 of 3 left no summary' },
    { title: 'a threshold missed by one', change: { exitCode: 99 }, says: undefined },
  ])('are broken off when one is: $title', ({ change, says }) => {
    expect(brokenOff(mergedGenerator([whole, { ...whole, ...change }, whole]))).toBe(says);
  });

  it('add up what they used and threw', () => {
    const merged = mergedGenerator([
      { ...whole, errorCount: 2 },
      { ...whole, errorCount: 3, machineBusy: 0.9 },
    ]);
    expect(merged).toMatchObject({ errorCount: 5, machineBusy: 0.9 });
    expect(merged.coresUsed).toBeCloseTo(0.6, 6);
  });
});

const header =
  'metric_name,timestamp,metric_value,check,error_code,expected_response,method,name,scenario,status,extra_tags,metadata';
/** Ten minutes of requests, the later ones slower. */
const lines = Array.from({ length: 6_000 }, (_, n) => {
  const at = 1_795_470_300_000 + n * 100;
  return `http_req_duration,${at},${(20 + (n % 97) + n / 100).toFixed(6)},,,true,GET,GET /x,target,200,journey=browse&step=list,`;
});

/** Runner k gets every third line, or what `of` says. */
function left(runners: number, of = (runner: number) => lines.filter((_, n) => n % runners === runner)): string {
  const where = folder();
  for (let runner = 0; runner < runners; runner += 1) {
    writeFileSync(join(where, `r${runner}.csv`), `${[header, ...of(runner)].join('\n')}\n`);
    writeFileSync(join(where, `r${runner}.json`), JSON.stringify({ state: { testRunDurationMs: 600_000 } }));
  }
  return where;
}

describe('what runners have left', () => {
  it('is what one would have left, to the second', () => {
    const one = new Collector('target');
    one.add(`${[header, ...lines].join('\n')}\n`);
    for (const runners of [1, 3]) {
      const { collector, generator } = collectRunners(left(runners), 'target', runners, 600);
      expect(collector.samples()).toEqual(one.samples());
      expect(brokenOff(generator)).toBeUndefined();
    }
  });

  it('is told apart by time, not by file: one after the other counts the same', () => {
    const halves = left(2, (runner) => lines.slice(runner * 3_000, (runner + 1) * 3_000));
    expect(collectRunners(halves, 'target', 2, 600).collector.samples().seconds).toHaveLength(600);
  });

  it('is not green without the server metrics of a local store that is gone', () => {
    const gone = environmentAt('http://127.0.0.1:1', { local: { ...local.local, controlEndpoint: 'https://127.0.0.1:1' } });
    const args = ['--env', gone.environmentFile, '--distributed', '2', '--samples', left(2)];
    const { stdout } = spawnSync(process.execPath, [...typescript, 'scripts/load.ts', 'target', ...args], {
      cwd: root,
      encoding: 'utf8',
    });
    gone.close();
    folders.push(/^reports: (\S+)$/m.exec(stdout)?.[1] ?? folder());
    expect(stdout).toMatch(/no server metrics \(.*127\.0\.0\.1:1/);
  });

  it.each([
    {
      title: 'a runner without a summary',
      breakIt: (at: string) => rmSync(join(at, 'r1.json')),
      says: /^runner 2 of 3 left no summary/,
    },
    {
      title: 'a summary that is cut off',
      breakIt: (at: string) => writeFileSync(join(at, 'r1.json'), '{"state":'),
      says: /^runner 2 of 3 left no summary/,
    },
    {
      title: 'a runner that ended early',
      breakIt: (at: string) => writeFileSync(join(at, 'r0.json'), '{"state":{"testRunDurationMs":90000}}'),
      says: /^runner 1 of 3 ended after 90 s of 600 s/,
    },
    {
      title: 'a runner that left nothing',
      breakIt: (at: string) => rmSync(join(at, 'r2.csv')),
      says: /^runner 3 of 3 left no samples/,
    },
    {
      title: 'one runner too many',
      breakIt: (at: string) => writeFileSync(join(at, 'r9.csv'), `${header}\n`),
      says: /^runner 4 of 5 left no summary/,
    },
  ])('is not whole with $title', ({ breakIt, says }) => {
    const where = left(3);
    breakIt(where);
    expect(brokenOff(collectRunners(where, 'target', 3, 600).generator)).toMatch(says);
  });

  it('is not whole with samples that are cut off beside a whole summary', () => {
    const ended = (n: number) =>
      `journey_duration,${1_795_470_300_000 + n},90.000000,,,,,,target,,journey=browse&outcome=passed,`;
    const where = left(2, () => [...lines, ...Array.from({ length: 100 }, (_, n) => ended(n))]);
    const counted = (iterations: number) =>
      JSON.stringify({ state: { testRunDurationMs: 600_000 }, metrics: { iterations: { values: { count: iterations } } } });
    for (const runner of [0, 1]) writeFileSync(join(where, `r${runner}.json`), counted(100));
    const runOf = () => {
      const { collector, generator } = collectRunners(where, 'target', 2, 600);
      const { journeys } = collector.samples();
      return judge(observed({ generator, samples: { journeys: { ...journeys } } })).judgements.find(({ name }) => name === 'run');
    };
    expect(runOf()).toMatchObject({ verdict: 'pass' });
    writeFileSync(join(where, 'r1.csv'), `${[header, ...lines].join('\n')}\n`);
    expect(runOf()).toMatchObject({
      verdict: 'inconclusive',
      reason: 'k6 counted 200 journeys, its samples tell of 100: some were lost on the way',
    });
  });
});
