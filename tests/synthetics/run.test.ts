import { describe, expect, test } from 'vitest';
import { RequestFailed, type Trouble, troubles } from '../../synthetics/journeys/failures.ts';
import { expectStatus } from '../../synthetics/journeys/rules.ts';
import { runJourney } from '../../synthetics/journeys/run.ts';
import type { Journey, Shopper } from '../../synthetics/journeys/shopper.ts';
import type { Transport, WireRequest } from '../../synthetics/journeys/transport.ts';
import { planOf } from './contract/cells.ts';

type Reply = { status?: number; body?: string; headers?: Record<string, string> } | Trouble;

/** A transport on a clock of its own: each request takes 10 ms, each pause its own time. */
function fake(replies: readonly Reply[], tookMs = 10) {
  const sent: WireRequest[] = [];
  let nowMs = 0;
  const transport: Transport = {
    now: () => nowMs,
    wait(ms) {
      nowMs += ms;
    },
    token: () => 'a-token',
    exchange(request) {
      const reply = replies[Math.min(sent.length, replies.length - 1)] ?? {};
      sent.push(request);
      nowMs += tookMs;
      if (typeof reply === 'string') throw new RequestFailed(reply, { afterMs: tookMs });
      const { status = 200, body = '{}', headers = {} } = reply;
      return { status, body, durationMs: tookMs, header: (name) => headers[name] };
    },
  };
  return { transport, sent };
}

const cell = { journey: 'made-up', server: '', target: 'http://target', peer: 'http://peer', traceId: 'a'.repeat(32) };
const [requestMs, stepMs] = [250, 2_000];
const plan = () => planOf(cell, { requestMs, stepMs, journeyMs: 5_000 });
const get = (path = '/') => ({ method: 'GET', path, name: 'GET' }) as const;
const ask = async (shopper: Shopper, path?: string) => expectStatus(shopper, await shopper.send(get(path)), 200);
const askTwice = async (shopper: Shopper) => {
  await ask(shopper);
  await ask(shopper);
};

async function run(replies: readonly Reply[], act: Journey['run'], tookMs?: number) {
  const { transport, sent } = fake(replies, tookMs);
  const { context, route } = plan();
  const record = await runJourney({ name: 'made-up', title: '', run: act }, context, transport, route);
  return { record, sent };
}

const inStep: Journey['run'] = (shopper) => shopper.step('ask', () => ask(shopper));

describe('the cause of a failure', () => {
  test.each([
    [{ status: 200 }, 'passed', undefined],
    [{ status: 201 }, 'failed', 'assertion'],
    [{ status: 399 }, 'failed', 'assertion'],
    [{ status: 400 }, 'failed', 'http'],
    [{ status: 429 }, 'failed', 'throttled'],
    [{ status: 503 }, 'failed', 'http'],
    ...Object.entries(troubles).map(
      ([trouble, { cause }]) =>
        [trouble as Trouble, cause === 'auth' || cause === 'probe' ? 'inconclusive' : 'failed', cause] as const,
    ),
  ] as const)('%j is %s by %s', async (reply, outcome, cause) => {
    const { record } = await run([reply], inStep);
    expect([record.outcome, record.failure?.cause, record.steps[0]?.outcome]).toEqual([outcome, cause, outcome]);
  });

  test('names step, rule and what was seen', async () => {
    const { record } = await run([{ status: 503 }], inStep);
    expect(record.failure).toEqual({ step: 'ask', rule: 'status 200', seen: '503 after 10 ms', cause: 'http' });
  });

  test.each([
    ['a body that is not JSON', '<html>', 'body is JSON', '<html>'],
    ['an empty body', '', 'body is JSON', 'an empty body'],
  ])('%s breaks its own rule', async (_, body, rule, seen) => {
    const { record } = await run([{ body }], async (shopper) => void (await shopper.send(get())).json());
    expect(record.failure).toEqual({ step: 'start', rule, seen, cause: 'assertion' });
  });

  test('an exception of the journey is told, not thrown', async () => {
    const { record } = await run([{}], async () => {
      throw new TypeError('items is not iterable');
    });
    expect(record.failure).toMatchObject({ rule: 'an answer that the journey understands', seen: 'items is not iterable' });
  });
});

describe('clean-up', () => {
  const cleaning: Journey['run'] = async (shopper) => {
    shopper.cleanUp(() => ask(shopper, '/first'));
    shopper.cleanUp(() => ask(shopper, '/second'));
    await shopper.step('ask', () => ask(shopper, '/ask'));
  };
  const ok = { status: 200 };
  const bad = { status: 500 };

  test.each([
    ['runs in reverse', [ok, ok, ok], 'passed', undefined, 0],
    ['runs after a failure', [bad, ok, ok], 'failed', 'ask', 0],
    ['fails a journey that passed', [ok, bad, ok], 'failed', 'clean up', 0],
    ['only warns after a failure', [bad, bad, bad], 'failed', 'ask', 2],
  ] as const)('%s', async (_, replies, outcome, step, warnings) => {
    const { record, sent } = await run(replies, cleaning);
    expect(sent.map(({ url }) => url)).toEqual(['http://target/ask', 'http://target/second', 'http://target/first']);
    expect([record.outcome, record.failure?.step, record.warnings.length]).toEqual([outcome, step, warnings]);
    expect(record.durationMs).toBe(10);
  });

  test('has time of its own after a journey that ran out of it', async () => {
    const { record, sent } = await run([ok], async (shopper) => {
      shopper.cleanUp(() => ask(shopper, '/removed'));
      // In steps that end in time: it is the journey that takes too long.
      for (;;) await shopper.step('too much', () => ask(shopper));
    });
    expect(record.failure).toEqual({
      step: 'too much',
      rule: 'the journey to end within 5000 ms',
      seen: '5000 ms',
      cause: 'timeout',
    });
    expect(sent.length).toBe(501);
    expect(sent.at(-1)?.url).toBe('http://target/removed');
  });
});

describe('waiting until something holds', () => {
  test.each([
    [1, 'passed', 2],
    [3, 'passed', 4],
    [Number.POSITIVE_INFINITY, 'failed', 5],
  ])('%s empty answers: %s', async (empty, outcome, requests) => {
    let asked = 0;
    const { record, sent } = await run([{}], (shopper) =>
      shopper
        .step('see it', () =>
          shopper.until('it is there', 500, async () => {
            await shopper.send(get());
            asked += 1;
            return asked > empty ? true : undefined;
          }),
        )
        .then(() => undefined),
    );
    expect([record.outcome, sent.length]).toEqual([outcome, requests]);
    if (outcome === 'failed') expect(record.failure?.seen).toBe('not so after 500 ms and 5 tries, the last with status 200');
  });
});

describe('the time limit of a step', () => {
  test('ends it, whatever is left of the journey, and leaves the clean-up its own', async () => {
    const { record, sent } = await run([{}], async (shopper) => {
      shopper.cleanUp(() => ask(shopper, '/removed'));
      await shopper.step('in time', () => ask(shopper));
      await shopper.step('too much', async () => {
        for (;;) await ask(shopper);
      });
    });
    const rule = `the step to end within ${stepMs} ms`;
    expect(record.failure).toEqual({ step: 'too much', rule, seen: '2000 ms', cause: 'timeout' });
    expect(sent.length).toBe(1 + 200 + 1);
    expect(record.steps.map(({ outcome }) => outcome)).toEqual(['passed', 'failed', 'passed']);
  });

  test('shortens its last request, and begins anew with each step', async () => {
    const { sent } = await run(
      [{}],
      (shopper) => shopper.step('one', () => askTwice(shopper)).then(() => shopper.step('two', () => ask(shopper))),
      1_900,
    );
    expect(sent.map(({ limitMs }) => limitMs)).toEqual([requestMs, 100, requestMs]);
  });
});

test('a request gets no more time than its journey has left', async () => {
  const { sent } = await run([{}], (shopper) => askTwice(shopper), 4_900);
  expect(sent.map(({ limitMs }) => limitMs)).toEqual([requestMs, 100]);
});

test.each(['', 'abc', '-1', 'Infinity', '1.5, 2.5'])('a charge of %j is none', async (charge) => {
  const reply = { headers: { 'x-contoso-request-charge': charge } };
  const { record } = await run([reply], (shopper) => shopper.step('ask', () => askTwice(shopper)));
  expect(record.steps[0]?.requestCharge ?? 0).toBe(0);
  expect(JSON.stringify(record)).not.toContain('"requestCharge":null');
});

test('a step adds up requests and their charge', async () => {
  const charged = { headers: { 'x-contoso-request-charge': '2.5' } };
  const { record } = await run([charged], (shopper) => shopper.step('ask', () => askTwice(shopper)));
  expect(record.steps).toEqual([{ name: 'ask', durationMs: 20, outcome: 'passed', status: 200, requests: 2, requestCharge: 5 }]);
});

test.each([
  [
    'ARRAffinity=1; Path=/\nbasket=2; expires=Mon, 23 Nov 2026 10:00:00 GMT',
    ['pins clients with the cookie ARRAffinity', 'sets the cookie basket'],
  ],
  ['ASLBSA=1, x-ms-routing-name=self', ['pins clients with the cookie ASLBSA', 'pins clients with the cookie x-ms-routing-name']],
])('the cookies %j are warned about once', async (cookie, warnings) => {
  const { record } = await run([{ headers: { 'set-cookie': cookie } }], (shopper) => askTwice(shopper));
  expect(record.warnings).toEqual(warnings.map((warning) => `the store ${warning}`));
});

test('what the identity provider takes is not the time of the store', async () => {
  const { transport, sent } = fake([{}]);
  const slow = { ...transport, token: () => Promise.resolve(transport.wait(stepMs)).then(() => 'a-token') };
  const { context, route } = plan();
  const act: Journey['run'] = (shopper) =>
    shopper.step('ask', async () => {
      await shopper.send({ ...get(), as: 'shopper' });
      await ask(shopper);
    });
  const record = await runJourney({ name: 'made-up', title: '', run: act }, context, slow, route);
  expect([record.outcome, record.failure]).toEqual(['passed', undefined]);
  expect(sent.map(({ limitMs }) => limitMs)).toEqual([requestMs, requestMs]);
});

test('only signed-in requests carry token and shopper', async () => {
  const { sent } = await run([{}], async (shopper) => {
    await shopper.send(get());
    await shopper.send({ ...get(), as: 'shopper', at: 'eastus' });
  });
  expect(sent.map(({ url, headers }) => [url, headers.authorization, headers['x-shopper-id'], headers['x-of-target']])).toEqual([
    ['http://target/', undefined, undefined, 'yes'],
    ['http://peer/', 'Bearer a-token', 'synthetic-001', undefined],
  ]);
});
