import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { alertFields } from '../../fixtures/environments/alerting.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { alertOf } from '../../health/alerts.ts';
import { minuteMs } from '../../health/bins.ts';
import type { IncidentStore } from '../../health/incident-store.ts';
import { transactionLink } from '../../health/portal-link.ts';
import { sendAlerts } from '../../health/send-alerts.ts';
import { durationMs, isInForce, silenceOf } from '../../health/silences.ts';
import { type Check, day, environmentWith, type Meets, play } from './day.ts';

const eastDown = ({ minute, target }: Check): Meets =>
  target === 'eastus' && minute >= 20 && minute < 190 ? { cause: 'http', seen: 'status 503' } : undefined;
const at = (minute: number) => day + minute * minuteMs;
const lose = (store: IncidentStore, count: number) => {
  for (let n = 0; n < count; n += 1) store.addNotice(`lost-${n}`, 'opened', day);
};
const statesOf = (store: IncidentStore) =>
  (['waiting', 'delivered', 'given-up'] as const)
    .flatMap((delivery) => store.notices(delivery))
    .map(({ state, atMs }) => [state, Math.floor((atMs - day) / minuteMs)]);

describe('durations', () => {
  it.each([
    ['30m', 30],
    ['2h', 120],
    ['1d', 1_440],
    ['1h30m', 90],
    ['0m', undefined],
    ['', undefined],
    ['2', undefined],
    ['h', undefined],
    ['-1h', undefined],
    ['1.5h', undefined],
    ['2h ', undefined],
    ['1w', undefined],
    ['366d', 366 * 1_440],
    ['366d1m', undefined],
    ['99999999999d', undefined],
  ])('%j are %s minutes', (text, minutes) =>
    expect(durationMs(text)).toBe(minutes === undefined ? undefined : minutes * minuteMs),
  );
});

describe('reminders', () => {
  it('come after each hour, and end with the incident', () => {
    const { store } = play({ minutes: 215, meets: eastDown });
    expect(statesOf(store)).toEqual([
      ['opened', 22],
      ['reminded', 82],
      ['reminded', 142],
      ['resolved', 193],
    ]);
  });

  it('stop when somebody is on it; its end is still told', () => {
    const before = (minute: number, store: IncidentStore) => {
      if (minute === 90) store.addAck({ key: store.openIncidents()[0]?.key ?? '', atMs: at(minute), why: 'on it' });
    };
    expect(statesOf(play({ minutes: 215, meets: eastDown, before }).store)).toEqual([
      ['opened', 22],
      ['reminded', 82],
      ['resolved', 193],
    ]);
  });
});

describe('silences', () => {
  const silence = (subject: string, fromMinute: number, untilMinute: number) => (minute: number, store: IncidentStore) => {
    if (minute === 10) store.addSilence({ subject, fromMs: at(fromMinute), untilMs: at(untilMinute), why: 'works' });
  };

  it.each([
    ['its target', 'eastus', true],
    ['its cause', 'http', true],
    ['another target', 'westeurope', false],
    ['one of its journeys', 'cart', false],
  ])('of %s: recorded, told or not', (_, subject, isSilent) => {
    const { opened, store, last } = play({ minutes: 40, meets: eastDown, before: silence(subject, 10, 300) });
    expect(opened).toHaveLength(1);
    expect(store.openIncidents()).toHaveLength(1);
    expect([last.silenced, statesOf(store)]).toEqual(isSilent ? [opened.map(({ key }) => key), []] : [[], [['opened', 22]]]);
  });

  it('end by themselves, and then what is still open is told', () => {
    const { store } = play({ minutes: 70, meets: eastDown, before: silence('eastus', 10, 50) });
    expect(statesOf(store)).toEqual([['opened', 50]]);
  });

  it('over all of an incident say nothing of it, and keep it', () => {
    const short = (check: Check): Meets => (check.minute < 40 ? eastDown(check) : undefined);
    const { store, resolved } = play({ minutes: 60, meets: short, before: silence('eastus', 10, 300) });
    expect([resolved.length, statesOf(store), store.recentIncidents(0).length]).toEqual([1, [], 1]);
  });

  it('tell the end of what was told before them', () => {
    const short = (check: Check): Meets => (check.minute < 40 ? eastDown(check) : undefined);
    const { store } = play({ minutes: 60, meets: short, before: silence('eastus', 30, 300) });
    expect(statesOf(store).map(([state]) => state)).toEqual(['opened', 'resolved']);
  });

  it('are half-open', () => {
    const of = { id: 1, subject: 'x', fromMs: 10, untilMs: 20, why: '' };
    expect([9, 10, 19, 20].map((ms) => isInForce(of, ms))).toEqual([false, true, true, false]);
  });

  it('cover an incident only whole', () => {
    const [incident] = play({
      minutes: 30,
      meets: ({ minute, journey }) => (journey === 'cart' && minute >= 20 ? { cause: 'http' } : undefined),
    }).opened;
    if (!incident) throw new Error('no incident');
    const covered = (subject: string) =>
      silenceOf(incident, [{ id: 1, subject, fromMs: 0, untilMs: 1, why: '' }], 0) !== undefined;
    expect(['cart', 'store', 'eastus', 'cart@eastus', incident.key].map(covered)).toEqual([true, true, false, false, true]);
  });

  it('can be ended, once', () => {
    const { store } = play({ minutes: 1, meets: () => undefined });
    const id = store.addSilence({ subject: 'x', fromMs: 0, untilMs: 100, why: 'y' });
    expect([store.endSilence(id, 50), store.endSilence(id, 60), store.silences(50).length, store.silences(0).length]).toEqual([
      true,
      false,
      0,
      1,
    ]);
  });
});

describe('alerts', () => {
  const resourceId = '/subscriptions/s/resourceGroups/g/providers/microsoft.insights/components/shop';
  const environment = { ...environmentWith(), telemetry: { resourceId } };
  const [incident] = play({ minutes: 30, meets: eastDown }).opened;
  if (!incident) throw new Error('no incident');

  it('have the fields that templates may name', () => {
    const alert = alertOf(
      environment,
      { ...incident, lastChange: { target: 'eastus', from: '1', to: '2', atMs: day } },
      { state: 'opened' },
      at(30),
    );
    const names = Object.entries(alert).flatMap(([key, value]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.keys(value).map((inner) => `${key}.${inner}`)
        : [key],
    );
    expect(names.sort()).toEqual([...alertFields].sort());
  });

  it('carry the rule, what was seen, the trace and its link', () => {
    const alert = alertOf(environment, incident, { state: 'opened' }, at(30));
    expect(alert).toMatchObject({
      state: 'opened',
      place: 'eastus',
      cause: 'http',
      startedAt: '2026-11-23T00:20:00.000Z',
      resolvedAt: null,
      minutes: 10,
      evidence: { rule: 'status 200', seen: 'status 503' },
    });
    expect(alert.title).toMatch(
      /^browse, cart and 4 more journeys fail in eastus since 00:20 UTC \(http\): expected status 200, got status 503$/,
    );
    expect(alert.evidence.link).toContain(encodeURIComponent(resourceId));
    const packed = decodeURIComponent(/\/q\/([^/]+)\//.exec(alert.evidence.link ?? '')?.[1] ?? '');
    expect(gunzipSync(Buffer.from(packed, 'base64')).toString()).toContain(`operation_Id == "${alert.evidence.traceId}"`);
  });

  it('have no link without a component, or for what is no trace', () => {
    expect([transactionLink(undefined, 'a'.repeat(32), 0), transactionLink(resourceId, '" or true', 0)]).toEqual([
      undefined,
      undefined,
    ]);
  });
});

describe('sending', () => {
  let server: Server | undefined;
  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
    server = undefined;
  });

  async function hook(statuses: readonly number[], template?: object): Promise<{ environment: Environment; bodies: unknown[] }> {
    const bodies: unknown[] = [];
    server = createServer((message, response) => {
      let text = '';
      message.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      message.on('end', () => {
        bodies.push(JSON.parse(text));
        response.writeHead(statuses[bodies.length - 1] ?? 200).end();
      });
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return { environment: environmentWith({ alerts: { webhook: { url, attempts: 1, ...(template && { template }) } } }), bodies };
  }
  const short = (check: Check): Meets => (check.minute < 40 ? eastDown(check) : undefined);

  it('tells the opening and the end once, in the receiver’s shape', async () => {
    const { environment, bodies } = await hook([], { text: '{{title}}', at: '{{key}}/{{state}}' });
    const { store, opened } = play({ minutes: 60, meets: short });
    const first = await sendAlerts({ environment, store, nowMs: at(60) });
    const second = await sendAlerts({ environment, store, nowMs: at(61) });
    const key = opened[0]?.key;
    expect(bodies).toMatchObject([
      { at: `${key}/opened` },
      { at: `${key}/resolved`, text: expect.stringMatching(/^Resolved: /) },
    ]);
    expect([first, second]).toMatchObject([
      { delivered: 2, waiting: 0 },
      { delivered: 0, waiting: 0, shown: [] },
    ]);
    expect(store.noticesOf(key ?? '')).toMatchObject([
      { outcome: 'answered 200', attempts: 1 },
      { outcome: 'answered 200', attempts: 1 },
    ]);
  });

  it('shows in a dry run what would be sent, and sends nothing', async () => {
    const { environment, bodies } = await hook([], { text: '{{place}}' });
    const { store } = play({ minutes: 30, meets: short });
    const dry = await sendAlerts({ environment, store, nowMs: at(30), dryRun: true });
    expect([dry.shown.map(({ body }) => body), dry.waiting, bodies]).toEqual([[{ text: 'eastus' }], 1, []]);
  });

  it('keeps what wasn’t taken for the next round, in order', async () => {
    const { environment, bodies } = await hook([503]);
    const { store } = play({ minutes: 60, meets: short });
    const first = await sendAlerts({ environment, store, nowMs: at(60) });
    expect([first.delivered, first.waiting, bodies.length]).toEqual([0, 2, 1]);
    const second = await sendAlerts({ environment, store, nowMs: at(61) });
    expect([second.delivered, second.waiting]).toEqual([2, 0]);
    expect(bodies.map((body) => (body as { state: string }).state)).toEqual(['opened', 'opened', 'resolved']);
  });

  it('gives up on what is refused, and on what is a day old', async () => {
    const { environment, bodies } = await hook([400]);
    const { store, opened } = play({ minutes: 60, meets: short });
    expect(await sendAlerts({ environment, store, nowMs: at(60) })).toMatchObject({ delivered: 1, givenUp: 1 });
    expect(store.noticesOf(opened[0]?.key ?? '').map(({ delivery, outcome }) => `${delivery}: ${outcome}`)).toEqual([
      'given-up: answered 400',
      'delivered: answered 200',
    ]);
    const old = play({ minutes: 30, meets: short });
    expect(await sendAlerts({ environment, store: old.store, nowMs: at(30 + 24 * 60) })).toMatchObject({
      givenUp: 1,
      waiting: 0,
    });
    expect(bodies).toHaveLength(2);
  });

  it('lets nothing wait behind a message whose incident is lost', async () => {
    const { environment, bodies } = await hook([]);
    const { store } = play({ minutes: 30, meets: short, before: (minute, at) => minute < 1 && lose(at, 101) });
    expect(await sendAlerts({ environment, store, nowMs: at(30) })).toMatchObject({ delivered: 0, givenUp: 100, waiting: 2 });
    expect(await sendAlerts({ environment, store, nowMs: at(31) })).toMatchObject({ delivered: 1, givenUp: 1, waiting: 0 });
    expect(bodies).toHaveLength(1);
  });

  it('counts all that wait, and of the others those since a time', () => {
    const { store } = play({ minutes: 1, meets: () => undefined, before: (_, at) => lose(at, 250) });
    const waiting = store.notices('waiting');
    for (const { seq } of waiting.slice(0, 20)) store.markNotice(seq, 'given-up', 1, 'answered 400');
    store.addNotice('later', 'opened', at(60));
    expect([waiting.length, store.countNotices('waiting')]).toEqual([250, 231]);
    expect([store.countNotices('given-up'), store.countNotices('given-up', at(1))]).toEqual([20, 0]);
  });

  it('keeps the latest ten thousand, and whatever still waits', () => {
    const many = (minute: number, store: IncidentStore) => {
      if (minute > 0) return;
      store.transaction(() => {
        lose(store, 10_030);
        for (const { seq } of store.notices('waiting').slice(10)) store.markNotice(seq, 'delivered', 1, 'answered 200');
      });
    };
    const { store } = play({ minutes: 1, meets: () => undefined, before: many });
    const delivered = store.notices('delivered');
    expect([delivered.length, delivered[0]?.key, delivered.at(-1)?.key]).toEqual([10_000, 'lost-30', 'lost-10029']);
    expect(store.countNotices('waiting')).toBe(10);
  });

  it('waits where no webhook is set', async () => {
    const { store } = play({ minutes: 30, meets: short });
    expect(await sendAlerts({ environment: environmentWith(), store, nowMs: at(30) })).toMatchObject({
      delivered: 0,
      waiting: 1,
    });
  });
});
