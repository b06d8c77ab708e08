import { rmSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { collectRunners } from '../../load/distributed/runners.ts';
import { wantedOf } from '../../load/run.ts';
import { judge } from '../../load/verdict/judge.ts';
import type { RunObservation, Samples } from '../../load/verdict/observation.ts';
import { environmentAt } from '../load/live.ts';
import { dealt, type Segments, startSegments } from '../load/segments.ts';
import { startTinyShop } from '../load/tiny-shop.ts';
import { atLeast, atMost, exactly, type ProofArea, type ProofRow } from './proof.ts';

const runners = 3;
const run = { scenario: 'target', ratePerSecond: 90, durationSeconds: 20 } as const;
/** Three digits of the histogram. */
const precisionPercent = 0.1;

/** One shop, and what was sent to it by one k6 and by several. */
async function prove(say: (line: string) => void): Promise<ProofRow[]> {
  const shop = await startTinyShop();
  const live = environmentAt(shop.url);
  const options = { ...run, environment: live.environment, nameOrPath: live.environmentFile };
  const seen = (folder: string, count: number): RunObservation => {
    const { collector, generator } = collectRunners(folder, run.scenario, count, run.durationSeconds);
    const samples = collector.samples();
    return {
      wanted: wantedOf(options),
      samples,
      generator,
      startedAtMs: samples.firstAtMs ?? 0,
      endedAtMs: samples.lastAtMs ?? 0,
    };
  };
  const folders: string[] = [];
  const sent = async (count: number, during?: (segments: Segments) => void) => {
    const before = shop.paths.length;
    const segments = startSegments(options, count);
    folders.push(segments.samples);
    during?.(segments);
    await segments.ended;
    return { folder: segments.samples, observation: seen(segments.samples, count), paths: shop.paths.slice(before) };
  };
  try {
    say('one k6');
    const one = await sent(1);
    say(`${runners} k6`);
    const several = await sent(runners);
    say(`${runners} k6, one of them killed half-way`);
    const killed = await sent(runners, ({ runners: [first] }) =>
      setTimeout(() => first?.kill('SIGKILL'), (run.durationSeconds * 1000) / 2),
    );
    const again = seen(await dealt(one.folder, runners), runners);
    return [
      ...sameSamples(one.observation.samples, again.samples),
      exactly(
        'every judgement of theirs is that of one',
        isDeepStrictEqual(judge(again).judgements, judge(one.observation).judgements),
        true,
      ),
      ...sameTraffic(one, several),
      exactly('one k6: verdict', judge(one.observation).verdict, 'pass'),
      exactly(`${runners} k6: verdict`, judge(several.observation).verdict, 'pass'),
      exactly('one of them killed: verdict', judge(killed.observation).verdict, 'inconclusive'),
      exactly(
        'one of them killed: reason',
        /^runner 1 of 3 left no summary/.test(judge(killed.observation).reasons[0] ?? ''),
        true,
      ),
    ];
  } finally {
    live.close();
    await shop.close();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

/** One k6's samples as if several had sent them: what is merged is what one said. */
function sameSamples(one: Samples, dealt: Samples): ProofRow[] {
  const apart = (a = Number.NaN, b = Number.NaN) => (Math.abs(a - b) / a) * 100;
  const steps = Object.keys(one.steps).flatMap((step) => [
    apart(one.steps[step]?.p50Ms, dealt.steps[step]?.p50Ms),
    apart(one.steps[step]?.p95Ms, dealt.steps[step]?.p95Ms),
  ]);
  return [
    exactly(`samples dealt over ${runners} runners: requests`, dealt.requests, one.requests),
    atMost('their p95 apart from that of one', apart(one.latencyP95Ms, dealt.latencyP95Ms), precisionPercent, '%'),
    atMost(`p50 and p95 of ${steps.length / 2} steps apart, the furthest`, Math.max(...steps), precisionPercent, '%'),
  ];
}

interface Sent {
  readonly observation: RunObservation;
  readonly paths: readonly string[];
}

function sameTraffic(one: Sent, several: Sent): ProofRow[] {
  const rate = ({ observation }: Sent) => judge(observation).rateReachedPerSecond;
  const products = ({ paths }: Sent) => paths.filter((path) => /^\/api\/products\/shoe-\d+$/.test(path));
  const left = [...products(several)];
  const common = products(one).filter((path) => {
    const at = left.indexOf(path);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
  return [
    atMost(`rate of ${runners} k6 apart from that of one`, (Math.abs(rate(several) - rate(one)) / rate(one)) * 100, 1, '%'),
    atLeast('product pages that both asked for', (common.length / products(one).length) * 100, 98, '%'),
    exactly(`${runners} k6: samples collected of requests received`, several.observation.samples.requests, several.paths.length),
  ];
}

export const distributed: ProofArea = {
  title: 'Several k6 with a segment each, merged, are one: samples, rate and verdict; one that dies makes it inconclusive',
  covers: ['load/distributed', 'load/collector.ts', 'load/csv.ts', 'load/histogram.ts', 'tests/load/segments.ts'],
  prove,
};
