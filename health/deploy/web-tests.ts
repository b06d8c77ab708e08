import type { MetricAlertProperties, WebtestLocationAvailabilityCriteria } from '@azure/arm-monitor';
import { certificateDays } from '../../fixtures/environments/certificate-days.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { type Target, targetsOf } from '../../fixtures/environments/targets.ts';
import { actionGroupId } from './alerts.ts';
import type { Place } from './place.ts';
import { parameter, type Resource } from './template.ts';
import type { StandardWebTestProperties } from './web-test-types.ts';

/** Five are recommended, and an alert at all but two of them ("Application Insights availability tests"). */
const locations = ['emea-nl-ams-azr', 'emea-gb-db3-azr', 'us-va-ash-azr', 'us-ca-sjc-azr', 'apac-sg-sin-azr'] as const;
const failedLocations = locations.length - 2;

/** Endpoints that Azure looks at by itself, whatever the monitor says: stamps and the global one, no slots. */
const watched = (environment: Environment): Target[] => targetsOf(environment).filter(({ kind }) => kind !== 'slot');

/** Headers of each test, as the parameter `headers` takes them: some are secret. */
export function webTestHeaders(environment: Environment): Record<string, { key: string; value: string }[]> {
  const { syntheticHeader } = environment;
  return Object.fromEntries(
    watched(environment).map(({ name, headers }) => [
      name,
      Object.entries({ ...headers, [syntheticHeader.name]: syntheticHeader.value }).map(([key, value]) => ({ key, value })),
    ]),
  );
}

/** Standard tests every five minutes, a watch on the monitor, each with its alert. */
export const webTests = (environment: Environment, place: Place): Resource[] =>
  watched(environment).flatMap((target) => [webTest(place, target), locationAlert(place, target)]);

const testName = ({ prefix }: Place, { name }: Target) => `${prefix}-watch-${name}`;
const testId = (place: Place, target: Target) => `[resourceId('Microsoft.Insights/webtests', '${testName(place, target)}')]`;

function webTest(place: Place, target: Target): Resource<StandardWebTestProperties> {
  const name = testName(place, target);
  return {
    type: 'Microsoft.Insights/webtests',
    apiVersion: '2022-06-15',
    name,
    location: parameter('location'),
    kind: 'standard',
    tags: { [`hidden-link:${place.component}`]: 'Resource' },
    properties: {
      Kind: 'standard',
      SyntheticMonitorId: name,
      Name: name,
      Description: 'A watch on the monitor, by Azure itself',
      Enabled: true,
      Frequency: 300,
      Timeout: 30,
      RetryEnabled: true,
      Locations: locations.map((Id) => ({ Id })),
      Request: {
        RequestUrl: `${target.endpoint.replace(/\/$/, '')}/api/health`,
        HttpVerb: 'GET',
        Headers: `[parameters('headers')['${target.name}']]`,
        FollowRedirects: false,
        ParseDependentRequests: false,
      },
      ValidationRules: { ExpectedHttpStatusCode: 200, SSLCheck: true, SSLCertRemainingLifetimeCheck: certificateDays.failing },
    },
  };
}

/** The SDK calls it `odataType`, and Azure `odata.type`. */
type OnTheWire<T extends { odataType: string }> = Omit<T, 'odataType'> & { readonly 'odata.type': T['odataType'] };
type LocationAlert = Omit<MetricAlertProperties, 'criteria'> & {
  readonly criteria: OnTheWire<WebtestLocationAvailabilityCriteria>;
};

function locationAlert(place: Place, target: Target): Resource<LocationAlert> {
  const name = testName(place, target);
  return {
    type: 'Microsoft.Insights/metricAlerts',
    apiVersion: '2018-03-01',
    name,
    location: 'global',
    // A tag's name may be an expression of its own.
    tags: {
      [`hidden-link:${place.component}`]: 'Resource',
      [`[concat('hidden-link:', resourceId('Microsoft.Insights/webtests', '${name}'))]`]: 'Resource',
    },
    dependsOn: [testId(place, target)],
    properties: {
      description: `${target.name} doesn't answer from ${failedLocations} of ${locations.length} places that Azure looks from.`,
      severity: target.kind === 'global' ? 1 : 2,
      enabled: true,
      scopes: [testId(place, target), place.component],
      evaluationFrequency: 'PT1M',
      windowSize: 'PT5M',
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria',
        webTestId: testId(place, target),
        componentId: place.component,
        failedLocationCount: failedLocations,
      },
      actions: [{ actionGroupId: actionGroupId(place) }],
    },
  };
}
