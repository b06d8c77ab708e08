import { describe, expect, it } from 'vitest';
import { Collector } from '../../load/collector.ts';
import { csvFields } from '../../load/csv.ts';
import { readLogLine } from '../../load/k6-log.ts';

const header =
  'metric_name,timestamp,metric_value,check,error_code,expected_response,method,name,scenario,status,extra_tags,metadata';
const start = 1_795_470_300_000;

interface Sent {
  readonly atMs?: number;
  readonly ms?: number;
  readonly status?: number;
  readonly error?: string;
  readonly scenario?: string;
}

const request = ({ atMs = 0, ms = 10, status = 200, error = '', scenario = 'target' }: Sent = {}) =>
  `http_req_duration,${start + atMs},${ms.toFixed(6)},,${error},${status >= 200 && status < 400},GET,GET /x,${scenario},${status},,`;
const journey = (outcome: string, ms = 100, name = 'browse') =>
  `journey_duration,${start},${ms}.0,,,,,,target,,target=a&outcome=${outcome}&journey=${name},`;
const checked = (rule: string, holds: boolean) => `checks,${start},${holds ? 1 : 0}.0,${rule},,,,,target,,journey=browse,`;

function collected(lines: readonly string[]) {
  const collector = new Collector('target');
  collector.add(`${[header, ...lines].join('\n')}\n`);
  return collector.samples();
}

describe("k6's samples", () => {
  it('count requests, failures and who gave no answer', () => {
    const samples = collected([
      request(),
      request({ status: 503, error: '1503' }),
      request({ status: 0, ms: 0, error: '1212' }),
      request({ status: 0, ms: 0, error: '1212' }),
      request({ status: 0, ms: 0, error: '1050' }),
    ]);
    expect(samples).toMatchObject({ requests: 5, failed: 4, unanswered: { '1212': 2, '1050': 1 } });
  });

  it("leave refused connections' 0 ms out of the latency", () => {
    const refused = Array.from({ length: 99 }, () => request({ status: 0, ms: 0, error: '1212' }));
    expect(collected([...refused, request({ ms: 250 })]).latencyP95Ms).toBeCloseTo(250, 0);
    expect(collected(refused).latencyP95Ms).toBeUndefined();
  });

  it('leave setup and tokens out', () => {
    expect(collected([request({ scenario: '' }), request({ scenario: 'token' }), request()]).requests).toBe(1);
  });

  it.each([
    { title: 'uniform', values: Array.from({ length: 1000 }, (_, i) => i + 1), p95: 950 },
    { title: 'all the same', values: Array.from({ length: 50 }, () => 7), p95: 7 },
    {
      title: 'with a tail',
      values: [...Array.from({ length: 94 }, () => 5), ...Array.from({ length: 6 }, () => 4000)],
      p95: 4000,
    },
    { title: 'beyond the longest', values: Array.from({ length: 30 }, () => 500_000), p95: 120_000 },
  ])('give p95 within the histogram: $title', ({ values, p95 }) => {
    const samples = collected(values.map((ms) => request({ ms })));
    expect(Math.abs((samples.latencyP95Ms ?? 0) - p95) / p95).toBeLessThan(0.002);
  });

  it('read the same wherever the stream is cut', () => {
    const text = `${[header, request(), checked('"a, ""b"" is"', false), journey('passed'), request({ ms: 30 })].join('\n')}\n`;
    const whole = new Collector('target');
    whole.add(text);
    for (const size of [1, 2, 7, 64]) {
      const cut = new Collector('target');
      for (let at = 0; at < text.length; at += size) cut.add(text.slice(at, at + size));
      expect(cut.samples()).toEqual(whole.samples());
    }
    expect(whole.samples().journeys.browse).toMatchObject({ checks: 1, failedChecks: 1, firstFailure: 'a, "b" is' });
  });

  it('keep a half line for later, and none that is no sample', () => {
    const collector = new Collector('target');
    collector.add(`${header}\n${request()}\n${request().slice(0, 40)}`);
    expect(collector.samples().requests).toBe(1);
    collector.add('\nnot a sample\n,,,\n');
    expect(collector.samples().requests).toBe(1);
  });

  it('count journeys by outcome, with the time of those that passed', () => {
    const lines = [
      journey('passed', 100),
      journey('passed', 300),
      journey('failed', 9000),
      journey('inconclusive'),
      journey('exception', 0),
    ];
    const { journeys } = collected([...lines, journey('passed', 1, 'cart')]);
    expect(journeys.browse).toMatchObject({ iterations: 5, failed: 1, unclear: 1, exceptions: 1 });
    expect(journeys.browse?.p95Ms).toBeCloseTo(300, 0);
    expect(journeys.cart?.iterations).toBe(1);
  });

  it('sum up dropped iterations', () => {
    const dropped = (n: number) => `dropped_iterations,${start},${n}.0,,,,,,target,,,`;
    expect(collected([dropped(3), dropped(4)]).droppedIterations).toBe(7);
  });

  it('tell steps, their RU where they passed, and what was retried', () => {
    const inStep = (step: string, ms: number) => request({ ms }).replace(/,,$/, `,target=a&step=${step}&journey=browse,`);
    const charge = (step: string, ru: number, outcome = 'passed') =>
      `step_charge,${start},${ru},,,,,,target,,journey=browse&outcome=${outcome}&step=${step},`;
    const retried = `throttle_retries,${start},3,,,,,,target,,journey=browse,`;
    const samples = collected([
      inStep('list', 10),
      inStep('list', 30),
      inStep('view', 5),
      charge('list', 42.5),
      charge('list', 40),
      charge('list', 7, 'failed'),
      retried,
    ]);
    expect(samples.steps['browse › list']).toMatchObject({ journey: 'browse', step: 'list', requests: 2, charges: 2, ru: 82.5 });
    expect(samples.steps['browse › list']?.ruSquared).toBeCloseTo(42.5 ** 2 + 1600, 6);
    expect(samples.steps['browse › view']).toMatchObject({ requests: 1, charges: 0, ru: 0 });
    expect(samples.steps['browse › list']?.p95Ms).toBeCloseTo(30, 0);
    expect(samples.throttleRetries).toBe(3);
    expect(samples.seconds[0]).toMatchObject({ ru: 89.5, throttleRetries: 3 });
    expect(samples.mixSeconds).toEqual([{ atMs: start, requests: { browse: 3 } }]);
  });

  it('tell by second which stamps served, and what none did', () => {
    const served = (stamp: string, atMs = 0) => `served_requests,${start + atMs},1,,,,,,target,,journey=browse&stamp=${stamp},`;
    const { mixSeconds } = collected([served('blue'), served('blue'), served('green'), served(''), served('green', 1_200)]);
    expect(mixSeconds.map((second) => second.served)).toEqual([{ blue: 2, green: 1, '': 1 }, { green: 1 }]);
  });

  it('count refusals by what they said', () => {
    const refused = (code: string, app = 'yes') =>
      `refused_requests,${start},1,,,,,GET /x,target,503,journey=browse&layer=cosmos&code=${code}&external=&app=${app}&retried=no,`;
    const { refusals } = collected([refused('a'), refused('a'), refused('b', 'no')]);
    expect(refusals).toEqual([
      { name: 'GET /x', status: 503, layer: 'cosmos', code: 'a', external: '', byApp: true, retried: false, count: 2 },
      { name: 'GET /x', status: 503, layer: 'cosmos', code: 'b', external: '', byApp: false, retried: false, count: 1 },
    ]);
  });

  it('are told by the second in which they failed', () => {
    const refused = `refused_requests,${start + 1000},1,,,,,GET /x,target,503,journey=browse&layer=cosmos&code=a&external=&app=yes&retried=no,`;
    const { failureSeconds } = collected([
      request(),
      request({ atMs: 1000, status: 503 }),
      refused,
      request({ atMs: 2000, status: 0, error: '1212' }),
    ]);
    expect(
      failureSeconds.map(({ atMs, failed, refusals, unanswered }) => [atMs - start, failed, refusals[0]?.layer, unanswered]),
    ).toEqual([
      [1000, 1, 'cosmos', {}],
      [2000, 1, undefined, { '1212': 1 }],
    ]);
  });

  it('stay bounded however many ways there are to refuse', () => {
    const refused = Array.from({ length: 700 }, (_, i) => `refused_requests,${start},1,,,,,GET /x,target,503,code=c${i},`);
    const { refusals } = collected(refused);
    expect(refusals).toHaveLength(501);
    expect(refusals.at(-1)).toMatchObject({ name: 'beyond', count: 200 });
  });

  it('come as seconds in order, late ones in their own', () => {
    const at = [0, 500, 1200, 2500, 900, 3100];
    const { seconds, firstAtMs, lastAtMs } = collected(at.map((atMs) => request({ atMs, ms: 20 })));
    expect(seconds.map(({ atMs, requests }) => [atMs - start, requests])).toEqual([
      [0, 3],
      [1000, 1],
      [2000, 1],
      [3000, 1],
    ]);
    expect(seconds[0]?.p95Ms).toBeCloseTo(20, 0);
    expect([firstAtMs, lastAtMs]).toEqual([start, start + 3100]);
  });

  it('lose none of an hour and stay bounded', () => {
    const collector = new Collector('target');
    collector.add(`${header}\n`);
    for (let second = 0; second < 3600; second += 1)
      collector.add(`${request({ atMs: second * 1000 })}\n${request({ atMs: second * 1000 + 1 })}\n`);
    const { seconds, requests } = collector.samples();
    expect(seconds).toHaveLength(3600);
    expect(requests).toBe(7200);
    expect(seconds.every((second) => second.requests === 2)).toBe(true);
  });

  it('follow 20,000 samples a second on a quarter of a core', () => {
    const collector = new Collector('target');
    const others = [
      'http_reqs',
      'http_req_blocked',
      'http_req_connecting',
      'http_req_sending',
      'http_req_waiting',
      'http_req_receiving',
      'http_req_failed',
    ];
    // A request is eight lines, and one of them is read.
    const block = [request(), ...others.map((name) => request().replace('http_req_duration', name))].join('\n');
    const chunk = `${Array.from({ length: 2500 }, () => block).join('\n')}\n`;
    collector.add(`${header}\n`);
    collector.add(chunk);
    const before = process.cpuUsage();
    for (let i = 0; i < 10; i += 1) collector.add(chunk);
    const { user, system } = process.cpuUsage(before);
    // 200,000 samples, ten seconds' worth, in at most 2.5 s of CPU.
    expect((user + system) / 1e6).toBeLessThan(2.5);
    expect(collector.samples().requests).toBe(27_500);
  });

  it('show the last second that is over as progress', () => {
    const collector = new Collector('target');
    collector.add(`${header}\n${request()}\n`);
    expect(collector.recent()).toBeUndefined();
    collector.add(`${request({ atMs: 100, status: 500 })}\n${request({ atMs: 1000 })}\n`);
    expect(collector.recent()).toMatchObject({ ratePerSecond: 2, requests: 3, failed: 1, atMs: start });
  });
});

describe('fields of a line of CSV', () => {
  it.each([
    ['a,b,c', ['a', 'b', 'c']],
    ['a,,', ['a', '', '']],
    ['"a, b",c', ['a, b', 'c']],
    ['x,"say ""hi""",', ['x', 'say "hi"', '']],
    ['"",b', ['', 'b']],
    ['"a"', ['a']],
    ['', ['']],
  ])('are taken apart: %s', (line, fields) => expect(csvFields(line)).toEqual(fields));
});

describe("errors in k6's log", () => {
  const uncaught =
    'time="2026-11-23T21:45:00Z" level=error msg="Uncaught (in promise) Error: boom\\n\\tat default (file:///a.ts:14:50(42))\\n" executor=constant-arrival-rate scenario=target';
  it.each([
    {
      title: 'an exception in an iteration',
      line: uncaught,
      entry: { message: 'Uncaught (in promise) Error: boom', inIteration: true },
    },
    {
      title: 'an abort',
      line: 'time="x" level=error msg="test aborted: no \\"store\\""',
      entry: { message: 'test aborted: no "store"', inIteration: false },
    },
    {
      title: 'a missed threshold',
      line: 'time="x" level=error msg="thresholds on metrics \'x\' have been crossed"',
      entry: undefined,
    },
    { title: 'a warning', line: 'time="x" level=warning msg="Request Failed" executor=x', entry: undefined },
    { title: 'a line without a message', line: 'level=error odd', entry: { message: 'level=error odd', inIteration: false } },
  ])('are told apart: $title', ({ line, entry }) => expect(readLogLine(line)).toEqual(entry));
});
