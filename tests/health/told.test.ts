import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Alert, alertOf } from '../../health/alerts.ts';
import { sentenceOf } from '../../health/because.ts';
import { minuteMs } from '../../health/bins.ts';
import { expandModel } from '../../health/expand.ts';
import type { HealthPicture } from '../../health/picture.ts';
import { day } from './day.ts';
import { observationsOf, pictureOf } from './kql/agreement.ts';
import { live } from './live-day.ts';
import { lasts, type PastIncident, pastIncidents } from './past-incidents.ts';
import { environments, type Situation, tablesOf } from './situation.ts';

const model = expandModel(environments['two-regions']);
const picture = (given: Situation['given']): HealthPicture =>
  pictureOf(model, observationsOf(tablesOf({ title: 'told', given, states: {} })));
const sentences = ({ nodes }: HealthPicture, ...ids: string[]) =>
  ids.map((id) => nodes.filter((node) => node.id === id).map(sentenceOf)[0]);

describe('a node that is not well', () => {
  const throttled = picture([['cosmosThrottled', 'contoso@westeurope', '7/100x20']]);

  it('says where, since when and why, and so do all that rest on it', () => {
    expect(sentences(throttled, 'flow:checkout@westeurope', 'stamp:westeurope', 'region:westeurope', 'store')).toEqual([
      'checkout degraded in westeurope since 13:41: Cosmos 429s 7 % ≥ 5 %',
      'stamp westeurope degraded since 13:41: Cosmos 429s 7 % ≥ 5 %',
      'region westeurope degraded since 13:41: Cosmos 429s 7 % ≥ 5 %',
      'store degraded since 13:41: Cosmos 429s 7 % ≥ 5 %',
    ]);
    expect(sentences(throttled, 'flow:sign-in@westeurope')).toEqual(['sign-in healthy in westeurope since 13:33']);
  });

  it('says the same reason of several parts once', () => {
    const failing = picture(['cart', 'checkout'].map((name) => ['journeyFailed', `${name}@westeurope`, '100/1x5']));
    expect(sentences(failing, 'stamp:westeurope')).toEqual([
      'stamp westeurope unhealthy since 13:56: failed results 100 % ≥ 50 %',
    ]);
  });

  it('is explained by the lowest parts that are bad, each with what it makes bad', () => {
    const flows = ['browse', 'search', 'reviews', 'cart', 'checkout'].map((name) => `flow:${name}@westeurope`);
    const upwards = ['stamp:westeurope', 'region:westeurope', 'regions', 'store'];
    expect(throttled.rootCauses.map(({ cause, place, nodes, chain }) => ({ cause, place, nodes, chain }))).toEqual([
      { cause: 'cosmos', place: 'westeurope', nodes: ['westeurope/cosmos'], chain: [...flows, ...upwards] },
    ]);
    // Errors of an API whose Cosmos throttles are no cause of their own; what another region has is one.
    const several = picture([
      ['cosmosThrottled', 'contoso@westeurope', '7/100x20'],
      ['serverErrors', 'westeurope', '12x10'],
      ['keyVaultFailures', 'eastus', '5x8'],
      ['journeyFailed', 'cart@eastus', '100/1x5'],
    ]);
    expect(several.rootCauses.map(({ cause, place }) => `${cause} ${place}`)).toEqual([
      'key-vault eastus',
      'flow:cart eastus',
      'cosmos westeurope',
    ]);
  });

  it.each([
    ['keyVaultFailures', 'westeurope', '5x8', 'key-vault'],
    ['probeFailed', 'registry@westeurope', '100x12', 'registry'],
  ] as const)('of a plan that no instance can join is what keeps them away: %s', (signal, scope, minutes, cause) => {
    const full = picture([
      [signal, scope, minutes],
      ['cpuPercent', 'plan-westeurope', '75x10'],
      ['cpuPercent', 'plan-eastus', '75x10'],
    ]);
    expect(full.rootCauses.map((root) => `${root.cause} ${root.place}`).sort()).toEqual(
      [`${cause} westeurope`, 'plan eastus'].sort(),
    );
    expect(full.rootCauses.find((root) => root.cause === cause)?.chain).toContain('westeurope/plan');
  });
});

/** What is told of an incident, from what the history keeps of it when it is over. */
function toldOf({ during }: PastIncident): Alert {
  const { incidents } = live(lasts.minutes, (minute) => (minute < lasts.from || minute >= lasts.to ? {} : during));
  const [incident] = incidents;
  if (!incident) throw new Error('nothing was told');
  const environment = { ...environments['two-regions'], telemetry: { resourceId: '/subscriptions/0/components/shop' } };
  return alertOf(environment, incident, { state: 'resolved' }, day + lasts.minutes * minuteMs);
}

const queryOf = ({ evidence: { link } }: Alert) =>
  gunzipSync(Buffer.from(decodeURIComponent(/\/q\/([^/]+)\//.exec(link ?? '')?.[1] ?? ''), 'base64')).toString();

describe('an alert by the model', () => {
  it.each([
    ['West Europe is gone', /^failed results 100 % ≥ 50 %$/, 'API unhealthy in westeurope', 'operation_Id ==', 'api'],
    ['Key Vault', /^(Key Vault failures|failed health probes) \d.* ≥ /, 'Key Vault unhealthy in westeurope', 'App', 'key-vault'],
    ['one instance', /^results that passed only on retry \d.* ≥ 20 %$/, 'API degraded in westeurope', 'operation_Id ==', 'api'],
    ['the payment API', /^failed .* ≥ \d+ %$/, 'payment API unhealthy in westeurope', 'operation_Id ==', 'payment'],
    ['Cosmos DB', /^Cosmos 429s \d.* % ≥ 20 %$/, 'Cosmos DB unhealthy in westeurope', 'operation_Id ==', 'cosmos'],
  ] as const)('of %s keeps what was wrong when it is over: chain, evidence, runbook', (title, seen, first, link, runbook) => {
    const incident = pastIncidents.find((each) => each.title.startsWith(title));
    if (!incident) throw new RangeError(title);
    const alert = toldOf(incident);
    expect(alert.evidence.seen).toMatch(seen);
    expect(alert.title).toContain(alert.evidence.seen);
    expect(alert.chain[0]).toContain(`: ${alert.evidence.seen}`);
    expect(alert.chain[0]).toMatch(new RegExp(`^${first} since 00:1\\d: `));
    expect(alert.chain.at(-1)).toMatch(/^store (degraded|unhealthy) since 00:1\d: /);
    expect(queryOf(alert)).toContain(link);
    expect(alert.runbook).toBe(`docs/runbooks.md#${runbook}`);
  });
});
